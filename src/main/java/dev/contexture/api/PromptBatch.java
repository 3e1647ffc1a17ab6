package dev.contexture.api;

import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.InferenceService;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Several prompts of one completion request as one stream: choices numbered through, usage summed, ended together. */
final class PromptBatch {
    private Usage sum = Usage.NONE;

    private PromptBatch() {}

    static Flux<GenerationEvent> generate(InferenceService service, List<GenerationRequest> requests) {
        if (requests.size() == 1) {
            return service.generate(requests.getFirst());
        }
        return Flux.defer(() -> {
            PromptBatch batch = new PromptBatch();
            List<Flux<GenerationEvent>> all = new ArrayList<>();
            int offset = 0;
            for (GenerationRequest request : requests) {
                int first = offset;
                all.add(service.generate(request).map(event -> shifted(event, first)));
                offset += request.choices();
            }
            return Flux.merge(all)
                    .filter(event -> batch.isNoUsage(event) && !(event instanceof Begun))
                    .concatWith(Mono.fromSupplier(() -> new Completed(batch.sum)));
        });
    }

    private static GenerationEvent shifted(GenerationEvent event, int by) {
        return switch (event) {
            case Begun begun -> begun;
            case Delta delta -> new Delta(delta.choice() + by, delta.text(), delta.tokens());
            case Part part -> new Part(part.choice() + by, part.part());
            case Drawn drawn -> new Drawn(drawn.choice() + by, drawn.text(), drawn.tokenIds());
            case Finished finished -> new Finished(finished.choice() + by, finished.reason(), finished.stopSequence());
            case Completed completed -> completed;
        };
    }

    private boolean isNoUsage(GenerationEvent event) {
        if (!(event instanceof Completed completed)) {
            return true;
        }
        sum = sum.plus(completed.usage());
        return false;
    }
}

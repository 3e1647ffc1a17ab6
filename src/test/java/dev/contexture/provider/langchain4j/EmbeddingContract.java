package dev.contexture.provider.langchain4j;

import dev.contexture.session.embedding.EmbeddingService;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.common.AbstractEmbeddingModelIT;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import java.util.List;

/** LangChain4j's contract for embedding models, over whatever makes vectors. */
abstract class EmbeddingContract extends AbstractEmbeddingModelIT {
    abstract EmbeddingService service();

    @Override
    protected List<EmbeddingModel> models() {
        return List.of(ContextureEmbeddingModel.of(service()));
    }

    @Override
    protected EmbeddingModel modelWith(EmbeddingModelListener listener) {
        return new ContextureEmbeddingModel(service(), EmbeddingRequestParameters.EMPTY, List.of(listener));
    }

    @Override
    protected EmbeddingModel failingModelWith(EmbeddingModelListener listener) {
        EmbeddingRequestParameters other =
                EmbeddingRequestParameters.builder().modelName("other").build();
        return new ContextureEmbeddingModel(service(), other, List.of(listener));
    }

    @Override
    protected int dimensionsParameter() {
        return 16;
    }

    /** Queries and documents are read alike by the models that there are. */
    @Override
    protected boolean supportsInputTypeParameter() {
        return false;
    }

    /** No model of text sees images. */
    @Override
    protected boolean supportsImageInput() {
        return false;
    }
}

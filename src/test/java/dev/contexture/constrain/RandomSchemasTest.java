package dev.contexture.constrain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.testing.ByteTokens;
import dev.contexture.testing.MaskWalk;
import dev.contexture.testing.RandomSchemas;
import dev.contexture.testing.SchemaJudge;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever masks allow is valid, and always can be ended: random schemas, random tokens, an independent validator. */
class RandomSchemasTest {
    private static final int SCHEMAS = 60;
    private static final int TEXTS = 6;

    private final ByteTokens tokens = new ByteTokens();
    private final Constraints constraints = new Constraints(tokens, Runnable::run, () -> 0);

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void allTextsAreValid(long seed) {
        for (long i = 0; i < SCHEMAS; i++) {
            String schema = RandomSchemas.of(1000 * seed + i);
            Constraint constraint = constraints.compile(new ConstraintSpec.Schema(schema));
            SchemaJudge judge = new SchemaJudge(schema);
            for (int walk = 0; walk < TEXTS; walk++) {
                String text = new MaskWalk(tokens, 31 * i + walk, 40 * walk).text(constraint);
                assertThat(judge.fault(text))
                        .as("seed %s: %s of %s", 1000 * seed + i, text, schema)
                        .isEmpty();
            }
        }
    }
}

package dev.contexture.provider.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.jupiter.api.extension.TestWatcher;
import org.junit.jupiter.params.ParameterizedTest;
import org.opentest4j.TestAbortedException;

/**
 * Holds a class that runs one of LangChain4j's contracts to its column of the tables in {@code docs/provider-contracts.md}: every case of the contract has a row,
 * and every case that ran came out as its row says. A case that is said to need a more capable model must fail an assertion, and is then counted as skipped.
 */
final class ContractTable implements InvocationInterceptor, TestWatcher, AfterEachCallback, AfterAllCallback {
    private static final Path DOCUMENT = Path.of("docs", "provider-contracts.md");

    private enum Outcome {
        PASSES,
        NEEDS_MORE,
        EXCLUDED,
        FAILS;

        String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    private final String column;
    private final Map<String, Outcome> outcomes = new LinkedHashMap<>();
    private @Nullable TestAbortedException tooHardFor;

    /**
     * @param column as its heading says
     */
    ContractTable(String column) {
        this.column = column;
    }

    @Override
    public void interceptTestMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> invoked,
            ExtensionContext context)
            throws Throwable {
        intercept(invocation, context);
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> invoked,
            ExtensionContext context)
            throws Throwable {
        intercept(invocation, context);
    }

    private void intercept(Invocation<@Nullable Void> invocation, ExtensionContext context) throws Throwable {
        String name = context.getRequiredTestMethod().getName();
        boolean tooHard = isCase(context.getRequiredTestMethod())
                && Outcome.NEEDS_MORE.word().equals(expected(contract(context)).get(name));
        try {
            invocation.proceed();
        } catch (AssertionError e) {
            if (!tooHard) {
                throw e;
            }
            tooHardFor = new TestAbortedException("needs a more capable model: " + e.getMessage(), e);
        }
    }

    /** Not in the test itself, where LangChain4j's own extension makes a failure of whatever is thrown. */
    @Override
    public void afterEach(ExtensionContext context) {
        TestAbortedException abort = tooHardFor;
        tooHardFor = null;
        if (abort != null) {
            throw abort;
        }
    }

    @Override
    public void testAborted(ExtensionContext context, @Nullable Throwable cause) {
        outcomes.put(context.getRequiredTestMethod().getName(), Outcome.NEEDS_MORE);
    }

    @Override
    public void testSuccessful(ExtensionContext context) {
        outcomes.put(context.getRequiredTestMethod().getName(), Outcome.PASSES);
    }

    @Override
    public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
        outcomes.put(context.getRequiredTestMethod().getName(), Outcome.FAILS);
    }

    @Override
    public void testDisabled(ExtensionContext context, Optional<String> reason) {
        outcomes.put(context.getRequiredTestMethod().getName(), Outcome.EXCLUDED);
    }

    @Override
    public void afterAll(ExtensionContext context) throws IOException {
        Class<?> contract = contract(context);
        Map<String, String> expected = expected(contract);
        assertThat(expected.keySet())
                .as("rows of %s in %s", contract.getSimpleName(), DOCUMENT)
                .containsExactlyInAnyOrderElementsOf(cases(contract));
        Map<String, String> ran = new LinkedHashMap<>();
        outcomes.forEach((name, outcome) -> {
            if (expected.containsKey(name)) {
                ran.put(name, outcome.word());
            }
        });
        Map<String, String> said = new LinkedHashMap<>(expected);
        said.keySet().retainAll(ran.keySet());
        assertThat(ran)
                .as("column %s of %s in %s", column, contract.getSimpleName(), DOCUMENT)
                .isEqualTo(said);
    }

    /** The abstract class of LangChain4j that the test extends. */
    private static Class<?> contract(ExtensionContext context) {
        return Stream.<Class<?>>iterate(context.getRequiredTestClass(), Class::getSuperclass)
                .filter(type -> type.getName().startsWith("dev.langchain4j."))
                .findFirst()
                .orElseThrow();
    }

    private static boolean isCase(Method method) {
        return method.isAnnotationPresent(Test.class) || method.isAnnotationPresent(ParameterizedTest.class);
    }

    private static List<String> cases(Class<?> contract) {
        return Stream.<Class<?>>iterate(contract, type -> type != Object.class, Class::getSuperclass)
                .flatMap(type -> Stream.of(type.getDeclaredMethods()))
                .filter(ContractTable::isCase)
                .map(Method::getName)
                .distinct()
                .toList();
    }

    /** Of the contract's table this column, by case; what is not passed has a reason. */
    private Map<String, String> expected(Class<?> contract) {
        List<List<String>> rows = rows(contract.getSimpleName());
        int index = rows.getFirst().indexOf(column);
        assertThat(index).as("place of the column %s in %s", column, DOCUMENT).isPositive();
        Map<String, String> expected = new LinkedHashMap<>();
        for (List<String> row : rows.subList(2, rows.size())) {
            String name = row.getFirst().replace("`", "");
            assertThat(expected.put(name, row.get(index)))
                    .as("a second row of %s", name)
                    .isNull();
            assertThat(row.getLast().isEmpty())
                    .as("%s passes everywhere, or its row says why not", name)
                    .isEqualTo(row.subList(1, row.size() - 1).stream().allMatch(Outcome.PASSES.word()::equals));
        }
        return expected;
    }

    private static List<List<String>> rows(String contract) {
        List<String> lines = lines();
        int heading = lines.indexOf("## " + contract);
        assertThat(heading)
                .as("place of the heading ## %s in %s", contract, DOCUMENT)
                .isNotNegative();
        List<List<String>> rows = new ArrayList<>();
        for (String line : lines.subList(heading + 1, lines.size())) {
            if (line.startsWith("## ")) {
                break;
            }
            if (line.startsWith("|")) {
                rows.add(Stream.of(line.substring(1).split("\\|", -1))
                        .map(String::strip)
                        .toList());
            }
        }
        return rows.stream().map(row -> row.subList(0, row.size() - 1)).toList();
    }

    private static List<String> lines() {
        try {
            return Files.readAllLines(DOCUMENT);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}

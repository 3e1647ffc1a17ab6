package dev.contexture.session.dialect;

/** A prompt's text, and how its answer is to be read. */
public record WrittenPrompt(String text, AnswerForm answer) {
    /** Whose answer is text and nothing else. */
    public static WrittenPrompt plain(String text) {
        return new WrittenPrompt(text, AnswerForm.PLAIN);
    }
}

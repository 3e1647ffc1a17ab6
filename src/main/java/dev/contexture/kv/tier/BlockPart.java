package dev.contexture.kv.tier;

/** What of a block a stored value holds. */
public sealed interface BlockPart {
    /**
     * Keys and values of one KV head over the layers of one group: what a selection asks for.
     *
     * @param layerGroup of the retrieval head, which may choose other blocks for each
     */
    record Rows(int layerGroup, int kvHead) implements BlockPart {
        public Rows {
            if (layerGroup < 0 || layerGroup > 254 || kvHead < 0 || kvHead > 255) {
                throw new IllegalArgumentException("a part is of layer group 0 to 254 and KV head 0 to 255 but not "
                        + layerGroup + " and " + kvHead);
            }
        }
    }

    /** What a retriever needs to choose: its keys of the block's tokens. */
    record Index() implements BlockPart {}

    /**
     * What a retriever carries from the block's last token to the one behind it: so a sequence that goes on there can choose at once.
     * Kept at the end of a session's turn only.
     */
    record Carry() implements BlockPart {}

    BlockPart INDEX = new Index();
    BlockPart CARRY = new Carry();
}

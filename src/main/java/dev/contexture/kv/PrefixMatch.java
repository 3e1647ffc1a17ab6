package dev.contexture.kv;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * How much of a prompt is in the pool already.
 *
 * @param tokens that need not be computed
 * @param blocks the known blocks that hold them, in order
 * @param pages physical pages that hold them, in logical order
 */
@SuppressWarnings("ArrayRecordComponent")
record PrefixMatch(int tokens, List<PagePool.Block> blocks, int[] pages) {
    /**
     * Follows the chain of blocks as far as it is known. Where two blocks meet on a page, the later block's page is the one
     * that holds both.
     *
     * @param limit most tokens to match
     */
    static PrefixMatch of(SequenceBlocks blocks, PagePool pool, int pageTokens, int limit, PrefixUse use) {
        int[] pages = new int[Math.ceilDiv(limit, pageTokens) + 1];
        List<PagePool.Block> matched = new ArrayList<>();
        int tokens = 0;
        while (matched.size() < blocks.count() && blocks.begin(matched.size()) < limit) {
            Optional<PagePool.Block> block = pool.find(blocks.key(matched.size()));
            if (block.isEmpty() || (use == PrefixUse.EXACT && !block.get().exact())) {
                break;
            }
            PagePool.Block found = block.get();
            int count = Math.min(found.pages().length, pages.length - found.firstPage());
            System.arraycopy(found.pages(), 0, pages, found.firstPage(), count);
            tokens = Math.min(blocks.end(matched.size()), limit);
            matched.add(found);
        }
        return new PrefixMatch(tokens, matched, Arrays.copyOf(pages, Math.ceilDiv(tokens, pageTokens)));
    }

    /** The blocks on the matched pages, where they were known on others: those would age unused and break the chain. */
    List<PagePool.Block> moved() {
        List<PagePool.Block> moved = new ArrayList<>();
        for (PagePool.Block block : blocks) {
            int end = block.firstPage() + block.pages().length;
            if (end <= pages.length) {
                int[] here = Arrays.copyOfRange(pages, block.firstPage(), end);
                if (!Arrays.equals(here, block.pages())) {
                    moved.add(new PagePool.Block(block.key(), block.firstPage(), here, block.exact()));
                }
            }
        }
        return moved;
    }

    /** Of the matched tokens, those whose keys and values were computed by attending to everything. */
    int exactTokens(SequenceBlocks cut) {
        int exact = 0;
        while (exact < blocks.size() && blocks.get(exact).exact()) {
            exact++;
        }
        return exact == blocks.size() ? tokens : Math.min(tokens, cut.begin(exact));
    }

    /** Pages that hold matched tokens only: these are shared. */
    int fullPages(int pageTokens) {
        return tokens / pageTokens;
    }

    /** Tokens on a page that goes on with others: these are copied. */
    int partialTokens(int pageTokens) {
        return tokens % pageTokens;
    }
}

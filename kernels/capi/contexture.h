/* The flat C interface of the library, made for callers without a C++ compiler (Java's foreign function API).
 *
 * Every function is thread-safe. One pool takes one call at a time: calls on the same pool wait for each other.
 * A failing call returns 0 (ids) or a negative code and leaves its reason in ctx_last_error(). */
#ifndef CONTEXTURE_CAPI_CONTEXTURE_H
#define CONTEXTURE_CAPI_CONTEXTURE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CTX_API __attribute__((visibility("default")))

enum { CTX_ABI_VERSION = 10 };

enum {
  CTX_OK = 0,
  CTX_UNKNOWN_POOL = -1,
  CTX_INVALID_ARGUMENT = -2,
  CTX_OUT_OF_MEMORY = -3,
  CTX_NO_ROOM = -4, /* a bounded store is full; the caller does without */
  CTX_DEVICE_FAILED = -5,
};

/* CTX_ABI_VERSION: version of this interface and of the operations' contracts. */
CTX_API int32_t ctx_abi_version(void);

/* "avx512", "avx2" or "portable": the instructions in use. The environment variable CONTEXTURE_ISA, read once, may
 * name a lower one than the CPU has. */
CTX_API const char* ctx_isa(void);

/* Of the library for CUDA devices only: how many devices can be used, and which that is, or why there is none and what to do
 * (valid until the thread's next such call). */
CTX_API int32_t ctx_device_count(void);
CTX_API const char* ctx_device_report(void);

/* Of the library for CUDA devices only: the compiled graph as a session of ONNX Runtime, made once RegisterCustomOps was called. Its
 * outputs have so many columns; features, which stay on the device, 0: it has none. library: the path of this one. */
CTX_API int64_t ctx_session_create(const char* graph, const char* library, int64_t pool, int64_t vocabulary,
                                   int64_t features);
CTX_API int32_t ctx_session_destroy(int64_t session);

/* Runs the pool's step. tokens[rows]; wanted: rows whose logits are to be had, ascending. What came of it lies in page-locked memory
 * until the next run: logits[wanted_count][vocabulary]; null where there are none. Logits are copied there when they are first
 * asked for. */
CTX_API int32_t ctx_session_run(int64_t session, const int64_t* tokens, int32_t rows, const int64_t* wanted,
                                int32_t wanted_count);
CTX_API const float* ctx_session_logits(int64_t session);

enum { CTX_MOST_TOP_LOGPROBS = 20 };

/* How a token is drawn: changes of single logits, mask, temperature, min_p, top_k, top_p, in this order. Log-probabilities are those of
 * the logits before all of it. */
struct ctx_sample_row {
  double uniform;            /* decides the draw, in [0, 1) */
  float inverse_temperature; /* 0: the lowest id of the largest logit */
  float floor;               /* least (logit - largest) * inverse_temperature of a token that may be drawn: the logarithm of min_p */
  float top_p;               /* in (0, 1] */
  float repetition;          /* penalty of repeated tokens: what is positive is divided by it, what is not multiplied; positive */
  int32_t top_k;             /* 0: all */
  int32_t top_logprobs;      /* likeliest tokens that are told, at most CTX_MOST_TOP_LOGPROBS; -1: no log-probability at all */
  int32_t wanted;            /* which of the rows whose logits were wanted */
  int32_t changes_end;       /* of its changes, which begin where those of the entry before end */
  int32_t mask;              /* the mask of which it must be a token; -1: any token may be drawn */
  int32_t reserved;          /* 0 */
};

/* Of a logit; each token once per row. */
struct ctx_logit_change {
  int32_t token;
  int32_t repeated; /* 1: the repetition penalty applies, 0: not */
  float penalty;    /* is subtracted then */
  float bias;       /* is added last */
};

struct ctx_drawn_token {
  int32_t token;
  float logprob;                              /* NaN where none was asked for, as what follows is undefined */
  int32_t top_tokens[CTX_MOST_TOP_LOGPROBS];  /* likeliest first, lower ids first among equals */
  float top_logprobs[CTX_MOST_TOP_LOGPROBS];
};

/* Draws tokens from the last run's logits: drawn[count], in page-locked memory until the next draw. Ids below `tokens` are drawn.
 * masks: [mask_count][ceil(tokens / 64)], a bit for each token, lowest first; each has at least one token. */
CTX_API const struct ctx_drawn_token* ctx_session_sample(int64_t session, int32_t tokens, const struct ctx_sample_row* rows,
                                                         int32_t count, const struct ctx_logit_change* changes,
                                                         int32_t change_count, const uint64_t* masks, int32_t mask_count);

/* Why the last failing call of this thread failed; valid until the thread's next failing call. */
CTX_API const char* ctx_last_error(void);

/* Takes a pool's memory and returns its id (> 0). dtype: 0 = f32 (in host memory only), 1 = f16, 2 = bf16 (on CUDA devices only). page_tokens: 8, 16, 32, 64 or 128.
 * head_dim: even, at most 512; rows are padded to a multiple of 16. All rows are zero at first. */
CTX_API int64_t ctx_pool_create(int32_t layers, int32_t kv_heads, int32_t head_dim, int32_t page_tokens, int32_t pages,
                                int32_t dtype);
CTX_API int32_t ctx_pool_destroy(int64_t pool);

/* Of the library for CUDA devices only: a pool whose last layers may leave for page-locked host memory. pages: ids that pages may have;
 * the device holds those below ctx_pool_page_limit, within device_bytes. places: sequences whose selections, of so many
 * lists (layer groups times KV heads) of at most `room` tokens, layers in host memory keep on the device. */
CTX_API int64_t ctx_pool_create_elastic(int32_t layers, int32_t kv_heads, int32_t head_dim, int32_t page_tokens, int32_t pages,
                                        int32_t dtype, int64_t device_bytes, int64_t host_bytes, int32_t places,
                                        int32_t lists, int32_t room);

/* Most layers that host memory has room for; 0 for other pools. */
CTX_API int32_t ctx_pool_host_layers(int64_t pool);

/* Pages that the device has room for with so many layers in host memory; 0 where not even the selections have. */
CTX_API int32_t ctx_pool_page_limit(int64_t pool, int32_t host_layers);

/* Moves layers, with what is in the used pages, all of them below the new limit. No run may be under way. */
CTX_API int32_t ctx_pool_place(int64_t pool, int32_t host_layers, int32_t used_count, const int32_t* used);

/* Of the step: keys and values that its selections name in layers in host memory, by layer and KV head, and those of them
 * that had to be loaded. */
CTX_API int32_t ctx_step_loaded(int64_t pool, int64_t* counts);

/* Bytes of the pool's rows, or 0 for an unknown id. */
CTX_API int64_t ctx_pool_bytes(int64_t pool);

/* Takes the memory of the pages [0, pages) physically now instead of when they are first written: a first write costs many
 * times what later ones do. Changes no rows. */
CTX_API int32_t ctx_pool_pretouch(int64_t pool, int32_t pages);

/* Describes the next step: sequence s brings query_len[s] >= 1 new tokens after context_len[s] tokens that are in the
 * pool; its pages, in logical order, are pages[page_offsets[s] .. page_offsets[s + 1]). Rows of the operation's input
 * are the new tokens of sequence 0, then 1, and so on. Everything is copied; a refused step leaves the last one. */
CTX_API int32_t ctx_step_set(int64_t pool, int32_t num_seqs, const int32_t* query_len, const int32_t* context_len,
                             const int32_t* page_offsets, const int32_t* pages);

/* Has sequences of the step that was just set attend to a selection: for layer group g and KV head k, sequence
 * sequences[r] attends to positions[r][g][k][0 .. counts[r][g][k]), ascending. A list of a sequence with one row ends with
 * the row's own position; one of a sequence with several rows holds positions before them, and each row also sees its own
 * chunk up to itself. kv_heads: the pool's, or 1 where all KV heads share a list. Layers below first_dense_layers attend
 * to everything all the same, as do chunks under an attention window. Holds until the next ctx_step_set. */
CTX_API int32_t ctx_step_select(int64_t pool, int32_t groups, const int32_t* group_of_layer, int32_t rows,
                                const int32_t* sequences, int32_t kv_heads, int32_t stride, const int32_t* counts,
                                const int32_t* positions, int32_t first_dense_layers);

/* Has the coming run of the step that was just set keep the queries of each sequence's last row, normed, rotated on to
 * the next position and scaled as attention wants them for powers of 2. Holds until the next ctx_step_set. */
CTX_API int32_t ctx_step_keep_queries(int64_t pool, int32_t query_heads);

/* Those of one sequence of the step that ran: out[layers][query_heads][head_dim]. */
CTX_API int32_t ctx_step_queries(int64_t pool, int32_t sequence, float* out);

/* Copies K and V of a page's first slots tokens to another page, all layers. */
CTX_API int32_t ctx_pool_copy(int64_t pool, int32_t from_page, int32_t to_page, int32_t slots);

/* Reads K (what = 0) or V (what = 1) of one slot and head into out[head_dim]. */
CTX_API int32_t ctx_pool_read(int64_t pool, int32_t layer, int32_t page, int32_t slot_in_page, int32_t kv_head,
                              int32_t what, float* out);

/* A stored block: K and V of the positions [first, first + tokens) of a sequence on these pages, of one KV head, over the
 * layers named, as bytes. format: 0 f16, 1 int8, 2 int4, 3 int8 keys and int4 values. tokens: at most 256. bytes: an even
 * address, ctx_block_bytes of them. The pool must be of f16. Decoding does not trust the bytes' content. On a device no run may be
 * under way, what is decoded is there at the next ctx_step_*, and must be tokens that no sequence with a place
 * (ctx_step_select_chosen) has run yet. */
CTX_API int64_t ctx_block_bytes(int64_t pool, int32_t format, int32_t layer_count, int32_t tokens);
CTX_API int32_t ctx_block_encode(int64_t pool, int32_t format, int32_t layer_count, const int32_t* layers,
                                 int32_t kv_head, int32_t page_count, const int32_t* pages, int32_t first,
                                 int32_t tokens, void* bytes, int64_t byte_count);
CTX_API int32_t ctx_block_decode(int64_t pool, int32_t format, int32_t layer_count, const int32_t* layers,
                                 int32_t kv_head, int32_t page_count, const int32_t* pages, int32_t first,
                                 int32_t tokens, const void* bytes, int64_t byte_count);

/* The retrieval head's key pool. Its pages are those of the KV pool beside it; its ids are of their own.
 * query_heads, per group, is a multiple of kv_heads; rope_cos and rope_sin [positions, head_dim / 2] are copied. */
CTX_API int64_t ctx_retrieval_create(int32_t groups, int32_t kv_heads, int32_t query_heads, int32_t head_dim,
                                     int32_t page_tokens, int32_t pages, int32_t positions, const float* rope_cos,
                                     const float* rope_sin);
CTX_API int32_t ctx_retrieval_destroy(int64_t pool);
CTX_API int64_t ctx_retrieval_bytes(int64_t pool);
CTX_API int32_t ctx_retrieval_copy(int64_t pool, int32_t from_page, int32_t to_page, int32_t slots);

/* The keys of a stored block: those of the positions [first, first + tokens) of a sequence on these pages, of all layer groups
 * and KV heads, as ctx_retrieval_keys_bytes bytes, the same ones of both libraries. tokens: at most 256. */
CTX_API int64_t ctx_retrieval_keys_bytes(int64_t pool, int32_t tokens);
CTX_API int32_t ctx_retrieval_keys_read(int64_t pool, int32_t page_count, const int32_t* pages, int32_t first,
                                        int32_t tokens, void* bytes, int64_t byte_count);
CTX_API int32_t ctx_retrieval_keys_write(int64_t pool, int32_t page_count, const int32_t* pages, int32_t first,
                                         int32_t tokens, const void* bytes, int64_t byte_count);

/* Describes the next append: where each row's key goes. */
CTX_API int32_t ctx_retrieval_append_set(int64_t pool, int32_t rows, const int32_t* positions, const int64_t* slots);

/* Describes the next selection: row r chooses among positions 0 .. positions[r] of the sequence on
 * pages[page_offsets[r] .. page_offsets[r + 1]), whose blocks end at block_ends[block_offsets[r] .. block_offsets[r + 1]),
 * for the queries query_offsets[r] .. query_offsets[r + 1], which stand at query_positions. A decode row has one query, at
 * its own position; a chunk of a prompt may have several behind the positions that it chooses among, and a position then
 * weighs what it weighs to the one that wants it most. A rule is eight ints: unit (0 tokens, 1 blocks, 2 two-level),
 * budget, sink, recent, residency, heads (0 largest, 1 mean), pooling (0 sum, 1 largest, 2 mean), 0. */
CTX_API int32_t ctx_retrieval_select_set(int64_t pool, int32_t rows, const int32_t* positions,
                                         const int32_t* query_offsets, const int32_t* query_positions,
                                         const int32_t* page_offsets, const int32_t* pages, const int32_t* rules,
                                         const int32_t* block_offsets, const int32_t* block_ends);

/* What the last selection chose, per row, group and KV head: counts, positions (stride apart, ascending, the row's own
 * last) and the share of the weights that they hold. Valid until the next selection; null or 0 for an unknown id. */
CTX_API int32_t ctx_selection_stride(int64_t pool);
CTX_API const int32_t* ctx_selection_counts(int64_t pool);
CTX_API const int32_t* ctx_selection_positions(int64_t pool);
CTX_API const float* ctx_selection_mass(int64_t pool);

/* Of the library for CUDA devices only: has sequences of the step attend to what the last selection of a key pool chose, which
 * is on the device already: sequences[r] to that of the selection's row chosen[r], which must have been made for the
 * sequence's own position. Otherwise as ctx_step_select. places and owners, where layers may be in host memory, else null: each
 * sequence's place, and a number other than 0 that changes when another sequence takes the place. */
CTX_API int32_t ctx_step_select_chosen(int64_t pool, int64_t retrieval, const int32_t* group_of_layer, int32_t rows,
                                       const int32_t* sequences, const int32_t* chosen, const int32_t* places,
                                       const int32_t* owners, int32_t first_dense_layers);

/* Of the library for CUDA devices only: the retrieval head's graphs beside the session of the decoder that they read from.
 * rows: tokens whose features are kept at a time, by numbers below. */
CTX_API int64_t ctx_head_create(const char* keys, const char* query, const char* library, int64_t retrieval, int64_t session,
                                int32_t rows);
CTX_API int32_t ctx_head_destroy(int64_t head);

/* Makes the selection that was set, for tokens[rows], out of the features of the tokens before them; ctx_selection_* then tell. */
CTX_API int32_t ctx_head_select(int64_t head, int32_t rows, const int64_t* tokens, const int32_t* feature_rows);

/* Makes the keys of the rows of the decoder's last run, for which the append was set, and keeps the features of some of these
 * rows. */
CTX_API int32_t ctx_head_observe(int64_t head, int32_t carried, const int32_t* carried_rows, const int32_t* feature_rows);

/* Features that are kept, out[width] or features[width]: for sequences that end and go on later. */
CTX_API int32_t ctx_head_read(int64_t head, int32_t feature_row, int32_t width, float* out);
CTX_API int32_t ctx_head_write(int64_t head, int32_t feature_row, int32_t width, const float* features);

/* Descriptors of blocks of keys, for selection without a trained head. kind: 0 smallest and largest key per piece of 16
 * tokens at most, 1 mean key per block. Layers share a selection in groups of equal size; window: 0, or how many tokens
 * the model's queries see. chunks: room in all, 32 descriptors of every layer and KV head each. */
CTX_API int64_t ctx_descriptors_create(int64_t pool, int32_t kind, int32_t query_heads, int32_t groups, int32_t window,
                                       int32_t chunks);
CTX_API int32_t ctx_descriptors_destroy(int64_t descriptors);

/* Bytes that sequences have in use, or 0 for an unknown id. */
CTX_API int64_t ctx_descriptors_bytes(int64_t descriptors);

/* Returns the id (> 0) of a sequence that has no blocks yet; its end gives its room back. */
CTX_API int64_t ctx_descriptors_begin(int64_t descriptors);
CTX_API int32_t ctx_descriptors_end(int64_t descriptors, int64_t sequence);

/* Describes the blocks that end at block_ends[0 .. block_count) from the keys in the pool, those excepted that are
 * described already and come first. CTX_NO_ROOM leaves everything as it was. */
CTX_API int32_t ctx_descriptors_describe(int64_t descriptors, int64_t sequence, int32_t page_count,
                                         const int32_t* pages, int32_t block_count, const int32_t* block_ends);

/* Selects for rows at positions[r] of sequences[r] with queries[r][layers][query_heads][head_dim] as ctx_step_queries
 * gives them; rules as in ctx_retrieval_select_set, whose pooling has no effect here. Writes counts[r][group][kv_head],
 * chosen[r][group][kv_head][stride] and mass[r][group][kv_head]. A sequence without blocks, and sequence 0, gets
 * counts of 0. */
CTX_API int32_t ctx_descriptors_select(int64_t descriptors, int32_t rows, const int64_t* sequences,
                                       const int32_t* positions, const int32_t* rules, const float* queries,
                                       int32_t stride, int32_t* counts, int32_t* chosen, float* mass);

#ifdef __cplusplus
}
#endif

#endif

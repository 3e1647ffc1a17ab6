/** The tier that outlives the process, in Redis: the only package beside session/store that speaks to it. */
@NullMarked
package dev.contexture.kv.tier.redis;

import org.jspecify.annotations.NullMarked;

/** Where conversations are kept between turns and who may go on with them; uses the tiers' Redis connection. */
@NullMarked
package dev.contexture.session.store;

import org.jspecify.annotations.NullMarked;

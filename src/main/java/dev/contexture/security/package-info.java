/** API keys and the tenants behind them. */
@NullMarked
package dev.contexture.security;

import org.jspecify.annotations.NullMarked;

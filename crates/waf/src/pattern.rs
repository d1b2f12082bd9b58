//! Regular expressions in PCRE's dialect on engines that cannot backtrack for ever.

#!/usr/bin/perl

# coherence.t again, on connections that are kept, and ask again before something
# changes: the worker process remembers what their last request was judged by.

use strict;
use warnings;

$ENV{TEST_HOUSEHOLD_KEPT} = 8;
exec $^X, 't/coherence.t' or die "t/coherence.t: $!\n";

#!/usr/bin/perl

# control.t again, on connections that are kept, and ask again before something
# changes: the worker process remembers what their last request was judged by.

use strict;
use warnings;

$ENV{TEST_HOUSEHOLD_KEPT} = 8;
exec $^X, 't/control.t' or die "t/control.t: $!\n";

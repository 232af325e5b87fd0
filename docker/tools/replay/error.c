
/*
 * The end of household-replay by an error.
 */


#include "replay.h"
#include <stdarg.h>


void
replay_die(const char *format, ...)
{
    va_list  args;

    fputs("household-replay: ", stderr);

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);

    fputc('\n', stderr);
    exit(1);
}

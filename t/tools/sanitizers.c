
/*
 * Linked into nginx-asan: how its sanitizers work.  Here rather than in the
 * environment, which nginx clears for a new binary.
 *
 * A fault aborts, which nginx logs.  A leak leaves the exit code as it is, as
 * nginx itself has some: t/tools/reports.pl knows them.
 */


const char *__asan_default_options(void);
const char *__ubsan_default_options(void);


const char *
__asan_default_options(void)
{
    return "log_path=" REPORTS ",abort_on_error=1,exitcode=0,"
           "detect_leaks=1,detect_stack_use_after_return=1";
}


const char *
__ubsan_default_options(void)
{
    return "log_path=" REPORTS ",print_stacktrace=1";
}

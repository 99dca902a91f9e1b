/* Works in parallel regions for ever; every thread but the first does PERCENT of the work of the first. */
#include <omp.h>
#include <stdlib.h>

static void work(long steps)
{
    volatile double sum = 0;
    for (long i = 0; i < steps; i++)
        sum += i;
}

int main(int count, char **words)
{
    long percent = count > 1 ? atol(words[1]) : 100;
    omp_set_num_threads(2);
    for (;;) {
#pragma omp parallel
        work(omp_get_thread_num() == 0 ? 2000000 : 20000 * percent);
    }
}

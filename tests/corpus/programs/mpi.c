/* Rank 0 sleeps, or computes, before it sends a word to rank 1, which waits for it; for ever. Rank 1 prints a
   line as soon as it has the first word. */
#include <mpi.h>
#include <stdio.h>
#include <unistd.h>

static void work(void)
{
    volatile double sum = 0;
    for (long i = 0; i < 5000000; i++)
        sum += i;
}

int main(int count, char **words)
{
    int sleeps = count > 1 && words[1][0] == 's', rank, word = 0, is_ready = 0;
    MPI_Init(&count, &words);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (;;) {
        if (rank == 0) {
            if (sleeps)
                usleep(50000);
            else
                work();
            MPI_Send(&word, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
        } else {
            MPI_Recv(&word, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            if (!is_ready) {
                puts("ready");
                fflush(stdout);
                is_ready = 1;
            }
            if (!sleeps)
                work();
        }
    }
}

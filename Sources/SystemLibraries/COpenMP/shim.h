// The entry points of Debian's libomp that Luthier calls; <omp.h> is found only in a compiler's own folder.
#pragma once
#include <stdint.h>

void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
void omp_set_num_threads(int threads);
int kmp_get_blocktime(void);
void kmp_set_blocktime(int milliseconds);

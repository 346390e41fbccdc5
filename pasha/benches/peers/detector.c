/* The detector job as a C programmer would write it with OpenMP: frames (n, y, x) of counts are
 * corrected for dark and gain; each frame's sum and maximum, and the sum of all frames.
 *
 * cc -O3 -march=native -fopenmp -shared -fPIC; without -ffast-math, so sums are written such that
 * they may be vectorised.
 */
#define _GNU_SOURCE
#include <omp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Zeroed memory in huge pages. */
void *huge_alloc(size_t bytes)
{
    void *memory = NULL;
    size_t huge = 2u << 20;
    bytes = (bytes + huge - 1) / huge * huge;
    memory = mmap(NULL, bytes + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    char *aligned = (char *)(((uintptr_t)memory + huge - 1) / huge * huge);
    if (aligned > (char *)memory)
        munmap(memory, aligned - (char *)memory);
    size_t rest = (char *)memory + bytes + huge - (aligned + bytes);
    if (rest)
        munmap(aligned + bytes, rest);
    madvise(aligned, bytes, MADV_HUGEPAGE);
    return aligned;
}

void huge_free(void *memory, size_t bytes)
{
    size_t huge = 2u << 20;
    munmap(memory, (bytes + huge - 1) / huge * huge);
}

void correct(size_t n, size_t pixels, const uint16_t *restrict frames, const float *restrict dark,
             const float *restrict gain, float *restrict corrected, double *restrict sums,
             float *restrict maxima, double *restrict total, int threads)
{
    memset(total, 0, pixels * sizeof *total);
#pragma omp parallel num_threads(threads)
    {
        double *restrict part = aligned_alloc(64, pixels * sizeof *part);
        memset(part, 0, pixels * sizeof *part);
#pragma omp for schedule(dynamic, 4)
        for (size_t i = 0; i < n; i++) {
            const uint16_t *restrict frame = frames + i * pixels;
            float *restrict out = corrected + i * pixels;
            double sum = 0.0;
            float max = -__builtin_inff();
#pragma omp simd reduction(+ : sum) reduction(max : max)
            for (size_t p = 0; p < pixels; p++) {
                float value = ((float)frame[p] - dark[p]) * gain[p];
                out[p] = value;
                part[p] += value;
                sum += value;
                max = value > max ? value : max;
            }
            sums[i] = sum;
            maxima[i] = max;
        }
#pragma omp critical
        for (size_t p = 0; p < pixels; p++)
            total[p] += part[p];
        free(part);
    }
}

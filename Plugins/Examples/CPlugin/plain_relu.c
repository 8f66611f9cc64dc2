/* A plugin in C with one kernel: ReLU, element by element, shared among the workers.
 *
 *     cc -O3 -march=native -shared -fPIC -I ../../../Sources/LuthierC/include -o libplain.so plain_relu.c
 *     tune --plugin ./libplain.so --network model.onnx
 */
#include "luthier_plugin.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct prepared {
  int64_t count;
};

static int32_t applies(const luthier_problem *problem, char *reason, size_t capacity) {
  const luthier_elementwise *relu = &problem->of.elementwise;
  if (relu->function == LUTHIER_UNARY && relu->activation == LUTHIER_CLIP && relu->a == 0 && isinf(relu->b)) return 1;
  snprintf(reason, capacity, "is no ReLU");
  return 0;
}

static void *prepare(
    const luthier_problem *problem, const int64_t *configuration, const float *weights, const float *bias) {
  (void)configuration, (void)weights, (void)bias;
  struct prepared *prepared = malloc(sizeof *prepared);
  if (prepared == NULL) return NULL;
  prepared->count = 1;
  for (int axis = 0; axis < problem->of.elementwise.output.rank; axis++)
    prepared->count *= problem->of.elementwise.output.sizes[axis];
  return prepared;
}

static void run(const void *prepared, const luthier_run_arguments *arguments) {
  const int64_t count = ((const struct prepared *)prepared)->count;
  const int64_t first = count * arguments->worker / arguments->worker_count;
  const int64_t last = count * (arguments->worker + 1) / arguments->worker_count;
  const float *input = arguments->inputs[0];
  /* Not fmaxf, which would turn NaN into 0. */
  for (int64_t index = first; index < last; index++) arguments->output[index] = input[index] < 0 ? 0 : input[index];
}

static const luthier_kernel kernels[] = {{
    .identifier = "plain.relu",
    .version = 1,
    .operation = LUTHIER_ELEMENTWISE,
    .layout = LUTHIER_ROW_MAJOR,
    .applies = applies,
    .prepare = prepare,
    .run = run,
    .destroy = free,
}};

static const luthier_plugin plugin = {
    .abi_version = LUTHIER_PLUGIN_ABI_VERSION,
    .kernel_count = 1,
    .name = "plain",
    .version = "1.0.0",
    .kernels = kernels,
};

const luthier_plugin *luthier_plugin_entry(void) { return &plugin; }

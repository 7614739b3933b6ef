// A CUDA driver that is none: the functions of libcuda that `kernels/src/cuda/driver.rs` calls, over kernels built for
// this machine. With it the driver's side runs where there is no device.
//
// It holds the PTX that it is given against what it was built from: a kernel must stand in it, and take as many bytes.
// Variables of the environment make it fail: STAND_IN_DEVICES (how many it shows), STAND_IN_CAPABILITY (its major
// number), STAND_IN_OLD (it refuses the PTX), STAND_IN_BYTES (of memory), STAND_IN_LAUNCHES (until it is lost).
#include <map>
#include <mutex>

#include "blocks.h"

namespace {

enum Result {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    UNSUPPORTED_PTX = 222,
    NOT_FOUND = 500,
    LAUNCH_FAILED = 719
};

const char *const NAME = "a stand-in for a driver";

// The text of a module, and a kernel in it.
struct Module {
    std::string text;
};
struct Function {
    const host::Entry *entry;
    size_t bytes;  // that the text says it takes
};

std::map<uint64_t, size_t> allocated;
std::map<std::string, Function> functions;
char context, stream, pool;  // places of which only the addresses count
thread_local void *current = nullptr;  // as a driver has it: one for each thread of the caller

// A driver takes calls from any thread; the kernels here run one at a time.
std::mutex one_call;
using Turn = std::lock_guard<std::mutex>;

// A number of the environment.
long number(const char *name, long usual) {
    const char *text = getenv(name);
    return text ? atol(text) : usual;
}

size_t bytes_left = (size_t)number("STAND_IN_BYTES", 1L << 40);
long launches_left = number("STAND_IN_LAUNCHES", 1L << 60);
bool is_lost() { return launches_left < 0; }

// Whether so many bytes lie in memory that was allocated.
bool is_allocated(uint64_t address, size_t bytes) {
    auto found = allocated.upper_bound(address);
    if (found == allocated.begin()) return false;
    --found;
    return address - found->first <= found->second && bytes <= found->second - (address - found->first);
}

}  // namespace

extern "C" {
int cuInit(unsigned flags) { return flags == 0 ? SUCCESS : INVALID_VALUE; }
int cuDeviceGetCount(int *count) { return *count = (int)number("STAND_IN_DEVICES", 1), SUCCESS; }
int cuDeviceGet(int *device, int ordinal) { return *device = ordinal, ordinal == 0 ? SUCCESS : INVALID_VALUE; }
int cuDeviceGetName(char *name, int length, int) { return snprintf(name, (size_t)length, "%s", NAME), SUCCESS; }
// Compute capability 9.0 (75, 76), memory pools (115); 0 for whatever else is asked.
int cuDeviceGetAttribute(int *value, int attribute, int) {
    return *value = attribute == 75 ? (int)number("STAND_IN_CAPABILITY", 9) : attribute == 115, SUCCESS;
}
int cuDevicePrimaryCtxRetain(void **to, int) { return *to = &context, SUCCESS; }
int cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
int cuCtxGetCurrent(void **to) { return *to = current, SUCCESS; }
int cuCtxSetCurrent(void *to) { return current = to, SUCCESS; }
int cuCtxSynchronize() { return SUCCESS; }
int cuStreamCreate(void **to, unsigned) { return *to = &stream, SUCCESS; }
int cuStreamSynchronize(void *which) {
    const Turn only(one_call);
    if (is_lost()) return LAUNCH_FAILED;
    return which == &stream ? SUCCESS : INVALID_VALUE;
}
int cuStreamDestroy_v2(void *which) { return which == &stream ? SUCCESS : INVALID_VALUE; }
int cuDeviceGetDefaultMemPool(void **to, int) { return *to = &pool, SUCCESS; }
int cuMemPoolSetAttribute(void *which, int attribute, void *) {
    return which == &pool && attribute == 4 ? SUCCESS : INVALID_VALUE;
}
int cuGetErrorString(int, const char **text) { return *text = "the stand-in refused", SUCCESS; }

int cuMemAllocAsync(uint64_t *address, size_t bytes, void *which) {
    const Turn only(one_call);
    if (bytes == 0 || which != &stream) return INVALID_VALUE;
    if (is_lost()) return LAUNCH_FAILED;
    if (bytes > bytes_left) return OUT_OF_MEMORY;
    bytes_left -= bytes;
    char *memory = new char[bytes];
    memset(memory, 0xff, bytes);
    *address = (uint64_t)memory;
    allocated[*address] = bytes;
    return SUCCESS;
}
int cuMemFreeAsync(uint64_t address, void *which) {
    const Turn only(one_call);
    auto found = allocated.find(address);
    if (found == allocated.end() || which != &stream) return INVALID_VALUE;
    bytes_left += found->second;
    allocated.erase(found);
    delete[] (char *)address;
    return SUCCESS;
}
int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *which) {
    const Turn only(one_call);
    if (!is_allocated(to, bytes) || which != &stream) return INVALID_VALUE;
    return memcpy((void *)to, from, bytes), SUCCESS;
}
int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *which) {
    const Turn only(one_call);
    if (!is_allocated(from, bytes) || which != &stream) return INVALID_VALUE;
    return memcpy(to, (const void *)from, bytes), SUCCESS;
}

int cuModuleLoadData(void **module, const void *image) {
    if (number("STAND_IN_OLD", 0)) return UNSUPPORTED_PTX;
    return *module = new Module{(const char *)image}, SUCCESS;
}
int cuModuleUnload(void *module) { return delete (Module *)module, SUCCESS; }
int cuModuleGetFunction(void **function, void *module, const char *name) {
    const Turn only(one_call);
    const std::string &text = ((const Module *)module)->text, kernel = name;
    const std::string parameter = kernel + "_param_0[";
    if (text.find(".entry " + kernel + "(") == std::string::npos) return NOT_FOUND;
    const size_t at = text.find(parameter);
    if (at == std::string::npos || !find_kernel(kernel)) return NOT_FOUND;
    functions[kernel] = {find_kernel(kernel), (size_t)atol(text.c_str() + at + parameter.size())};
    *function = &functions[kernel];
    return SUCCESS;
}
int cuFuncGetParamInfo(void *function, size_t index, size_t *offset, size_t *bytes) {
    if (index > 0) return INVALID_VALUE;
    return *offset = 0, *bytes = ((const Function *)function)->bytes, SUCCESS;
}
int cuLaunchKernel(void *function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned threads_y,
                   unsigned threads_z, unsigned shared, void *which, void **arguments, void **) {
    const Turn only(one_call);
    if (threads_y != 1 || threads_z != 1 || shared != 0 || which != &stream || current != &context) return INVALID_VALUE;
    if (is_lost() || --launches_left < 0) return LAUNCH_FAILED;
    const Function &own = *(const Function *)function;
    run_kernel(own.entry->name, {x, y, z}, threads, arguments[0], own.bytes, 2);
    return SUCCESS;
}
}

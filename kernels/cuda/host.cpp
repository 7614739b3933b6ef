// A machine that is no device: it runs the kernels, and speaks on its standard input and output.
//
// Numbers are little-endian and of 64 bits. What comes in, and what goes out:
//   A bytes                          → address      makes memory, every byte of it 0xff: as floats, NaN
//   F address                                       frees it
//   W address bytes, the bytes                      writes
//   R address bytes                  → the bytes    reads
//   O order                                         in which threads and blocks take turns, from now on
//   L grid x y z, threads, bytes, the name of a kernel, bytes, its arguments      runs it
//   Q                                → 0            says that all before is done
// Whatever goes wrong ends the program with a message: an access outside of memory (it is built with sanitizers), a
// launch that does not fit its kernel, a thread that waits for others which do not come.
#include "blocks.h"

namespace {

template <class T> T take() {
    T value;
    if (fread(&value, sizeof(T), 1, stdin) != 1) fail("the input ends within a command");
    return value;
}

std::vector<char> take_bytes() {
    std::vector<char> bytes(take<uint64_t>());
    if (!bytes.empty() && fread(bytes.data(), bytes.size(), 1, stdin) != 1) fail("the input ends within a command");
    return bytes;
}

void launch(uint64_t order) {
    uint64_t grid[3];
    for (uint64_t &side : grid) side = take<uint64_t>();
    const uint64_t threads = take<uint64_t>();
    const std::vector<char> name = take_bytes(), arguments = take_bytes();
    run_kernel(std::string(name.begin(), name.end()), grid, threads, arguments.data(), arguments.size(), order);
}

}  // namespace

int main() {
    uint64_t order = 0;
    for (int command = getchar(); command != EOF; command = getchar()) {
        if (command == 'A') {
            const uint64_t bytes = take<uint64_t>();
            char *memory = (char *)malloc(bytes);
            if (!memory) fail("no memory left");
            memset(memory, 0xff, bytes);
            fwrite(&memory, sizeof memory, 1, stdout);
        } else if (command == 'F') {
            free((void *)take<uint64_t>());
        } else if (command == 'W') {
            char *to = (char *)take<uint64_t>();
            const std::vector<char> bytes = take_bytes();
            if (!bytes.empty()) memcpy(to, bytes.data(), bytes.size());
        } else if (command == 'R') {
            const char *from = (const char *)take<uint64_t>();
            fwrite(from, 1, take<uint64_t>(), stdout);
        } else if (command == 'O') {
            order = take<uint64_t>();
        } else if (command == 'L') {
            launch(order);
        } else if (command == 'Q') {
            const uint64_t done = 0;
            fwrite(&done, sizeof done, 1, stdout);
        } else {
            fail("no such command");
        }
        if (command == 'A' || command == 'R' || command == 'Q') fflush(stdout);
    }
}

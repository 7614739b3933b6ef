// Runs the blocks of a launch for `host.h`, on threads that take turns.
#pragma once

#include <ucontext.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#include "host.h"

static const host::Entry *kernels = nullptr;

host::Entry::Entry(const char *name, unsigned threads, size_t bytes, void (*run)(const void *))
    : name(name), threads(threads), bytes(bytes), run(run), next(kernels) {
    kernels = this;
}

#include "attention.cu"
#include "products.cu"
#include "rows.cu"

[[noreturn]] static void fail(const std::string &what) {
    fprintf(stderr, "%s\n", what.c_str());
    exit(1);
}

namespace {

const size_t STACK = 24 << 10; // the sanitizer takes time for every byte of it at each turn

// Where threads meet; `round` counts how often all have come.
struct Meeting {
    unsigned came = 0;
    unsigned long round = 0;
};

struct Thread {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
    Meeting *waits_at = nullptr;
    unsigned long round = 0;  // of the meeting that it waits for the end of
    bool done = false;
    unsigned parity = 0;  // of the next exchange
};

// The block that runs. Exchanges of a warp use two sets of deposits in turn: nobody can be more than one ahead.
struct Block {
    const host::Entry *kernel;
    const void *arguments;
    Thread threads[1024];
    std::vector<Meeting> warps;
    std::vector<host::Deposit> deposits[2];
    Meeting all;
    Thread *current = nullptr;
    ucontext_t scheduler;
    const void *bottom = nullptr;  // of the scheduler's stack, for the sanitizer
    size_t size = 0;
};
Block block;

void switch_to(ucontext_t &from, ucontext_t &to, const void *bottom, size_t size) {
#if defined(__SANITIZE_ADDRESS__)
    void *kept;
    __sanitizer_start_switch_fiber(&kept, bottom, size);
    swapcontext(&from, &to);
    __sanitizer_finish_switch_fiber(kept, nullptr, nullptr);
#else
    (void)bottom, (void)size;
    swapcontext(&from, &to);
#endif
}

void leave() { switch_to(block.current->context, block.scheduler, block.bottom, block.size); }

void thread_body() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &block.bottom, &block.size);
#endif
    for (;;) { // a thread is used again by the next block
        block.kernel->run(block.arguments);
        block.current->done = true;
        leave();
    }
}

void meet(Meeting &meeting, unsigned expected) {
    Thread &own = *block.current;
    own.waits_at = &meeting;
    own.round = meeting.round;
    if (++meeting.came == expected) {
        meeting.came = 0;
        meeting.round++;
    }
    if (meeting.round == own.round) leave();
    own.waits_at = nullptr;
}

// An order of `count` things: 0 forwards, 1 backwards, else shuffled by the number.
std::vector<unsigned> order_of(unsigned count, uint64_t order) {
    std::vector<unsigned> places(count);
    for (unsigned at = 0; at < count; at++) places[at] = order == 1 ? count - 1 - at : at;
    for (unsigned at = count; order > 1 && at > 1; at--) {
        order = order * 6364136223846793005u + 1442695040888963407u;
        std::swap(places[at - 1], places[(order >> 33) % at]);
    }
    return places;
}

void run_block(uint64_t order) {
    const unsigned count = block.kernel->threads;
    block.warps.assign(count / 32, Meeting());
    for (auto &deposits : block.deposits) deposits.assign(count, host::Deposit());
    block.all = Meeting();
    for (unsigned at = 0; at < count; at++) {
        Thread &thread = block.threads[at];
        thread.waits_at = nullptr;
        thread.done = false;
        thread.parity = 0;
        if (thread.stack) continue;
        thread.stack.reset(new char[STACK]);
        getcontext(&thread.context);
        thread.context.uc_stack.ss_sp = thread.stack.get();
        thread.context.uc_stack.ss_size = STACK;
        thread.context.uc_link = nullptr;
        makecontext(&thread.context, thread_body, 0);
    }
    const std::vector<unsigned> turns = order_of(count, order);
    for (unsigned left = count; left > 0;) {
        bool progress = false;
        for (unsigned at : turns) {
            Thread &thread = block.threads[at];
            if (thread.done || (thread.waits_at && thread.waits_at->round == thread.round)) continue;
            progress = true;
            block.current = &thread;
            threadIdx = {at, 0, 0};
            switch_to(block.scheduler, thread.context, thread.stack.get(), STACK);
            left -= thread.done;
        }
        if (!progress) fail(std::string(block.kernel->name) + ": threads wait for others that have ended");
    }
}
const host::Entry *find_kernel(const std::string &name) {
    const host::Entry *entry = kernels;
    while (entry && name != entry->name) entry = entry->next;
    return entry;
}

// Runs a kernel; each block and its threads take turns in this order.
void run_kernel(const std::string &name, const uint64_t (&grid)[3], uint64_t threads, const void *arguments, size_t bytes,
                uint64_t order) {
    block.kernel = find_kernel(name);
    if (!block.kernel) fail(name + ": no such kernel");
    if (block.kernel->threads != threads) fail(name + ": launched with other threads than it is built for");
    if (block.kernel->bytes != bytes) fail(name + ": launched with arguments of another size");
    if (grid[0] == 0 || grid[1] == 0 || grid[2] == 0 || grid[0] >> 31 || grid[1] > 65535 || grid[2] > 65535)
        fail(name + ": a grid that no device takes");
    block.arguments = arguments;
    for (unsigned at : order_of((unsigned)(grid[0] * grid[1] * grid[2]), order)) {
        blockIdx = {(unsigned)(at % grid[0]), (unsigned)(at / grid[0] % grid[1]), (unsigned)(at / grid[0] / grid[1])};
        run_block(order);
    }
}

}  // namespace

void host::wait_for_block() { meet(block.all, block.kernel->threads); }

const host::Deposit *host::exchange(const Deposit &own) {
    const unsigned warp = threadIdx.x / 32;
    std::vector<Deposit> &deposits = block.deposits[block.current->parity];
    block.current->parity ^= 1;
    deposits[threadIdx.x] = own;
    meet(block.warps[warp], 32);
    return &deposits[warp * 32];
}

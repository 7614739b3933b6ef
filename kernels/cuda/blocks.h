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

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define OWN_SWITCH 1
// Keeps what a call keeps, notes the stack at `from`, and goes on where `to` was noted. What the system has for it asks
// the kernel for the mask of signals each time.
extern "C" __attribute__((naked, noinline)) void switch_stack(void **, void *) {
    asm volatile(
        "push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n"
        "mov %rsp, (%rdi)\n mov %rsi, %rsp\n"
        "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n ret");
}
#endif

// Where threads meet; `round` counts how often all have come.
struct Meeting {
    unsigned came = 0;
    unsigned long round = 0;
};

// A stack. A thread begins on one that is free, or on that of a thread that has just ended, and stays there.
struct Fiber {
    std::unique_ptr<char[]> stack;
#ifdef OWN_SWITCH
    void *top = nullptr;
#else
    ucontext_t context;
#endif
};

struct Thread {
    Fiber *fiber = nullptr;
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
    std::vector<std::unique_ptr<Fiber>> fibers;
    std::vector<Fiber *> free;
    std::vector<unsigned> turns;  // the order of the threads
    unsigned begun = 0;           // of them
    unsigned left = 0;            // threads that have not ended
    std::vector<Meeting> warps;
    std::vector<host::Deposit> deposits[2];
    Meeting all;
    Thread *current = nullptr;
#ifdef OWN_SWITCH
    void *scheduler = nullptr;
#else
    ucontext_t scheduler;
#endif
    const void *bottom = nullptr;  // of the scheduler's stack, for the sanitizer
    size_t size = 0;
};
Block block;

#ifdef OWN_SWITCH
void enter(Fiber &fiber) { switch_stack(&block.scheduler, fiber.top); }
void leave() { switch_stack(&block.current->fiber->top, block.scheduler); }
void begun_here() {}
#else
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
void enter(Fiber &fiber) { switch_to(block.scheduler, fiber.context, fiber.stack.get(), STACK); }
void leave() { switch_to(block.current->fiber->context, block.scheduler, block.bottom, block.size); }
void begun_here() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &block.bottom, &block.size);
#endif
}
#endif

// Makes the next thread that has not begun the current one, on a stack.
void begin_thread(Fiber *fiber) {
    const unsigned at = block.turns[block.begun++];
    block.current = &block.threads[at];
    block.current->fiber = fiber;
    threadIdx = {at, 0, 0};
}

void fiber_body() {
    begun_here();
    for (;;) {
        block.kernel->run(block.arguments);
        block.current->done = true;
        block.left--;
        Fiber *fiber = block.current->fiber;
        if (block.begun < block.turns.size()) {
            begin_thread(fiber);
        } else {
            block.free.push_back(fiber);
            leave();  // and is used again by another thread
        }
    }
}

Fiber *free_fiber() {
    if (block.free.empty()) {
        block.fibers.emplace_back(new Fiber());
        Fiber &fiber = *block.fibers.back();
        fiber.stack.reset(new char[STACK]);
#ifdef OWN_SWITCH
        // Six registers, and where the first switch returns to.
        uint64_t *frame = (uint64_t *)(((uint64_t)fiber.stack.get() + STACK) / 16 * 16 - 64);
        memset(frame, 0, 64);
        frame[6] = (uint64_t)&fiber_body;
        fiber.top = frame;
#else
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack.get();
        fiber.context.uc_stack.ss_size = STACK;
        fiber.context.uc_link = nullptr;
        makecontext(&fiber.context, fiber_body, 0);
#endif
        return &fiber;
    }
    Fiber *fiber = block.free.back();
    block.free.pop_back();
    return fiber;
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

void run_block() {
    const unsigned count = block.kernel->threads;
    block.warps.assign(count / 32, Meeting());
    for (auto &deposits : block.deposits) deposits.assign(count, host::Deposit());
    block.all = Meeting();
    for (unsigned at = 0; at < count; at++) block.threads[at] = Thread();
    block.begun = 0;
    block.left = count;
    // A thread that ends hands its stack to the next; one that waits leaves, and the next gets a stack of its own.
    while (block.begun < count) {
        Fiber *fiber = free_fiber();
        begin_thread(fiber);
        enter(*fiber);
    }
    while (block.left > 0) {
        bool progress = false;
        for (unsigned at : block.turns) {
            Thread &thread = block.threads[at];
            if (thread.done || (thread.waits_at && thread.waits_at->round == thread.round)) continue;
            progress = true;
            block.current = &thread;
            threadIdx = {at, 0, 0};
            enter(*thread.fiber);
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
    block.turns = order_of((unsigned)threads, order);
    for (unsigned at : order_of((unsigned)(grid[0] * grid[1] * grid[2]), order)) {
        blockIdx = {(unsigned)(at % grid[0]), (unsigned)(at / grid[0] % grid[1]), (unsigned)(at / grid[0] / grid[1])};
        run_block();
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

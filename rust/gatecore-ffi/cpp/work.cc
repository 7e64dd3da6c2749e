// The engine's `operator new`, which counts.
//
// Hyperscan's compiler has no budget and cannot be stopped, but all that it does it does with small
// objects: it allocates once in 160 to 300 ns, whatever it compiles. So the number of allocations is
// a measure of its work that is the same on every machine and in every run, and an allocation is a
// place where it can be stopped: it is written for `std::bad_alloc`, and gives back what it took.
//
// Almost: in 23 of 3,900 trials the allocation that failed stood in a place that the C++ compiler
// believes cannot throw. There `std::terminate` is called, which would abort the process (also when
// memory really runs out). So a compile runs on a thread of its own, and where it cannot be unwound
// the thread reports that and sleeps for good.
//
// An extension module exports nothing but its own start, so other code in the process keeps its own
// operators. Memory comes from malloc, as with those that these stand in for.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <new>

// As `Work` in work.rs.
struct Work {
    std::uint64_t left;              // allocations that may still be made
    const unsigned char *cancelled;  // not 0: somebody wants it stopped
    std::uint8_t stopped;
    void (*lost)(Work *);  // never returns
};

enum : std::uint8_t { RUNNING = 0, SPENT = 1, CANCELLED = 2, NO_MEMORY = 3 };

static thread_local Work *current = nullptr;
static std::terminate_handler previous = nullptr;

#define HIDDEN __attribute__((visibility("hidden")))

void *operator new(std::size_t size) {
    Work *work = current;
    if (work != nullptr) {
        if (work->left == 0) {
            work->stopped = SPENT;
        } else if (__atomic_load_n(work->cancelled, __ATOMIC_RELAXED) != 0) {
            work->stopped = CANCELLED;
        }
        if (work->stopped != RUNNING) {
            throw std::bad_alloc();
        }
        work->left--;
    }
    void *memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) {
        if (work != nullptr) {
            work->stopped = NO_MEMORY;
        }
        throw std::bad_alloc();
    }
    return memory;
}

void operator delete(void *memory) noexcept { std::free(memory); }

void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

static void terminated() {
    if (current != nullptr) {
        current->lost(current);
    }
    if (previous != nullptr) {
        previous();
    }
    std::abort();
}

extern "C" {

// To be called once, before the first work.
HIDDEN void gatecore_work_prepare() { previous = std::set_terminate(terminated); }

// What this thread allocates from now on counts against `work`; null ends it.
HIDDEN void gatecore_work_on(Work *work) { current = work; }

}  // extern "C"

// Waits of the C++ library, for pmp dump: `waits CASE`. Each prints its pid when it hangs, and ends
// after a minute. C++20.
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <thread>
#include <unistd.h>

static void nap()
{
	std::this_thread::sleep_for(std::chrono::seconds(60));
}

static void ready()
{
	std::thread([] {
		std::this_thread::sleep_for(std::chrono::milliseconds(300));
		dprintf(1, "%d\n", (int)getpid());
	}).detach();
}

static void mutex()
{
	static std::mutex lock;
	std::promise<void> taken;

	std::thread([&taken] {
		std::lock_guard<std::mutex> guard(lock);
		taken.set_value();
		nap();
	}).detach();
	taken.get_future().wait();
	ready();
	std::lock_guard<std::mutex> guard(lock);
}

static void condition()
{
	std::mutex lock;
	std::condition_variable change;
	std::unique_lock<std::mutex> guard(lock);

	ready();
	change.wait(guard, [] { return false; });
}

static void future()
{
	std::promise<int> promise;

	ready();
	std::printf("%d\n", promise.get_future().get());
}

static void async()
{
	auto result = std::async(std::launch::async, [] { nap(); });

	ready();
	result.get();
}

static void semaphore()
{
	static std::counting_semaphore<4> places(0);

	ready();
	places.acquire();
}

static void latch()
{
	static std::latch done(2);

	ready();
	done.arrive_and_wait();
}

static void join()
{
	std::thread thread(nap);

	ready();
	thread.join();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)();
	} cases[] = { { "mutex", mutex }, { "condition", condition }, { "future", future },
		      { "async", async }, { "semaphore", semaphore }, { "latch", latch },
		      { "join", join } };

	alarm(60);
	for (const auto &row : cases)
		if (argc == 2 && !strcmp(argv[1], row.name)) {
			row.run();
			return 0;
		}
	std::fputs("usage: waits mutex|condition|future|async|semaphore|latch|join\n", stderr);
	return 2;
}

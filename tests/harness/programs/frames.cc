/* A C++ program with every kind of frame: inlined functions, templates, lambdas, operators,
 * anonymous namespaces, signal handlers, the vdso, and a thread. It runs until it is killed. */
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace outer
{
namespace
{
volatile unsigned sink;

struct Number {
	int n;
	Number operator+(const Number &other) const
	{
		for (int i = 0; i < 50; i++)
			sink = sink + i * other.n;
		return { n + other.n };
	}
	void operator()(int a) const volatile
	{
		for (int i = 0; i < 100; i++)
			sink = sink + a;
	}
	operator bool() const
	{
		for (int i = 0; i < 100; i++)
			sink = sink + 1;
		return sink;
	}
};

template <typename T, int N> T spin(T a)
{
	for (int i = 0; i < N; i++)
		sink = sink + a.n;
	return a + a;
}
}

static void on_alarm(int)
{
	for (int i = 0; i < 20000; i++)
		sink = sink + i;
}

__attribute__((noinline)) int work(std::function<int(int)> f, std::map<std::string, int> &map)
{
	int total = 0;
	for (int i = 0; i < 10; i++) {
		total += f(i);
		map[std::to_string(i)] += total;
	}
	return total;
}
}

int main()
{
	using namespace outer;
	std::map<std::string, int> map;
	std::vector<int> numbers(300);
	std::signal(SIGALRM, on_alarm);
	std::thread other([] {
		for (;;) {
			Number{ 3 }(4);
			if (Number{ 1 })
				spin<Number, 300>({ 2 });
		}
	});
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	for (;;) {
		struct timespec now;
		ualarm(300, 0);
		work([&](int x) { return spin<Number, 20>(Number{ x }).n; }, map);
		for (auto &number : numbers)
			number = rand();
		std::sort(numbers.begin(), numbers.end(),
		          [](int a, int b) { return a % 100 < b % 100; });
		clock_gettime(CLOCK_MONOTONIC, &now);
		sink = sink + now.tv_nsec;
	}
}

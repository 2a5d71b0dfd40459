// What C++20 brought: concepts, ranges, <=>, coroutines, constexpr containers, jthread.
#include <bits/stdc++.h>

template <typename T>
concept Number = std::integral<T> || std::floating_point<T>;

auto sum(Number auto... numbers) { return (numbers + ...); }

struct Version {
    int major, minor;
    auto operator<=>(const Version&) const = default;
};

constexpr int triangle(int n) {
    std::vector<int> rows(n);
    std::iota(rows.begin(), rows.end(), 1);
    return std::accumulate(rows.begin(), rows.end(), 0);
}
static_assert(triangle(4) == 10);

struct Counter {
    struct promise_type {
        int value;
        Counter get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(int next) { return value = next, std::suspend_always{}; }
        void return_void() {}
        void unhandled_exception() { throw; }
    };
    std::coroutine_handle<promise_type> handle;
    ~Counter() { handle.destroy(); }
    int next() { return handle.resume(), handle.promise().value; }
};

Counter squares() {
    for (int i = 1;; i++) co_yield i * i;
}

int main() {
    std::cout << sum(1, 2.5) << ' ' << (Version{1, 9} < Version{1, 10}) << '\n';
    for (int x : std::views::iota(1, 20) | std::views::filter([](int x) { return x % 5 == 0; })) std::cout << x << ' ';
    auto counter = squares();
    counter.next();
    std::cout << counter.next() << '\n';
    std::atomic<int> total = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; i++) threads.emplace_back([&total, i] { total += i; });
    }
    auto later = std::async(std::launch::async, [] { return std::string("async"); });
    std::cout << total << ' ' << later.get() << ' ' << std::numbers::pi << ' ' << __cplusplus << '\n';
}

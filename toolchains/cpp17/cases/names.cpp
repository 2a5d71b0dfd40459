// Names that C++20 took for itself are still free.
#include <iostream>

struct requires_ {};
int concept = 1, co_await = 2;

int main() {
    int n, requires = 3;
    std::cin >> n;
    std::cout << n * concept * co_await * requires << '\n';
    return n;
}

// An exception that nobody catches is told on stderr, and the program is aborted.
#include <iostream>
#include <stdexcept>
#include <vector>

int main() {
    try {
        std::vector<int>{1, 2, 3}.at(3);
    } catch (const std::out_of_range& error) {
        std::cout << "caught" << std::endl;
    }
    std::cerr << "now\n";
    throw std::runtime_error("nobody catches this");
}

// expect: timeout or error or memory_limit
// limits: {"time_ms": 500}
// A pattern that tries everything.
#include <iostream>
#include <regex>
int main() {
    std::string text(40, 'a');
    std::cout << std::regex_match(text + "b", std::regex("(a+)+$")) << std::endl;
    for (;;) {}
}

// Destructors of statics run, and what cout holds is written.
#include <cstdlib>
#include <iostream>

struct Bye {
    ~Bye() { std::cout << "bye"; }
} bye;

int main() {
    std::cout << "no newline, ";
    std::exit(3);
}

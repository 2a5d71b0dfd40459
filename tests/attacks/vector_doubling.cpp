// expect: memory_limit or error
// limits: {"memory_mb": 64}
// Catches what it can't allocate, and goes on.
#include <new>
#include <string>
#include <vector>
int main() {
    std::vector<std::string> all;
    for (;;) {
        try {
            all.push_back(std::string(1 << 16, 'x'));
        } catch (const std::bad_alloc &) {
        }
    }
}

// expect: timeout
// limits: {"time_ms": 400}
// Exceptions that throw others, and catch all.
#include <stdexcept>
struct Loud {
    ~Loud() noexcept(false) {}
};
int main() {
    for (;;) {
        try {
            Loud loud;
            throw std::runtime_error("again");
        } catch (...) {
        }
    }
}

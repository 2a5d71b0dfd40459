// expect: compile_error
// limits: {"compile_ms": 5000}
// A program that runs inside the compiler.
constexpr unsigned long f() {
    unsigned long n = 1;
    while (n != 0) n += 2;
    return n;
}
constexpr unsigned long never = f();
int main() { return never; }

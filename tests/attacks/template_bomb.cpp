// expect: compile_error
// limits: {"compile_ms": 5000}
// Types of types: the compiler runs out of time or memory.
template <class T, int N> struct B {
    B<B<T, N - 1>, N - 1> a;
    B<B<T, N - 2>, N - 2> b;
};
int main() { B<int, 64> b; }

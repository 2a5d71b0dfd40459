// expect: compile_error
// limits: {"compile_ms": 5000}
// Constants that are worked out by the compiler, each twice as long.
class P {
    const string A = "xxxxxxxxxxxxxxxx", B = A + A + A + A + A + A + A + A, C = B + B + B + B + B + B + B + B;
    const string D = C + C + C + C + C + C + C + C, E = D + D + D + D + D + D + D + D, F = E + E + E + E + E + E + E + E;
    const string G = F + F + F + F + F + F + F + F, H = G + G + G + G + G + G + G + G, I = H + H + H + H + H + H + H + H;
    const string J = I + I + I + I + I + I + I + I, K = J + J + J + J + J + J + J + J;
    static void Main() { System.Console.WriteLine(K.Length); }
}

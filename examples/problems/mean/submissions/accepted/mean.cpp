#include <bits/stdc++.h>

int main() {
    int n;
    std::cin >> n;
    double sum = 0, number;
    while (std::cin >> number) sum += number;
    std::printf("%.9f\n", sum / n);
}

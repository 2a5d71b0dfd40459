// What C++17 brought, and nothing later.
#include <bits/stdc++.h>
using namespace std;
static_assert(__cplusplus == 201703L);

template <typename... T> auto total(T... x) { return (x + ... + 0); }

int main() {
    map<string_view, variant<int, string>> box{{"number", 1}, {"text", "one"}};
    for (const auto& [key, value] : box)
        visit([key = key](const auto& v) { cout << key << ' ' << v << '\n'; }, value);
    if (auto found = box.find("none"); found == box.end()) cout << "none\n";
    optional<int> nothing;
    cout << nothing.value_or(total(1, 2, 3)) << ' ' << filesystem::path("a/b.txt").extension() << ' ' << gcd(12, 18) << '\n';
}

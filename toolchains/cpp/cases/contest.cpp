// The way contest programs begin.
#include <bits/stdc++.h>
using namespace std;
#define all(x) (x).begin(), (x).end()

int main() {
    ios::sync_with_stdio(false);
    cin.tie(nullptr);
    int n;
    cin >> n;
    vector<pair<int, string>> people(n);
    for (auto& [age, name] : people) cin >> name >> age;
    sort(all(people));
    for (int i = 0; i < people.size(); i++) cout << people[i].second << " \n"[i + 1 == n];
    unordered_map<string, int> ages;
    for (auto& [age, name] : people) ages[name] = age;
    cout << ages["Grace"] << '\n' << setprecision(3) << fixed << acos(-1) << endl;
}

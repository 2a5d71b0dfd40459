#pragma once
#include <optional>
#include <vector>

template <typename T> class Stack {
    std::vector<T> items;

public:
    void push(T item) { items.push_back(std::move(item)); }
    std::optional<T> pop() {
        if (items.empty()) return std::nullopt;
        T item = std::move(items.back());
        items.pop_back();
        return item;
    }
};

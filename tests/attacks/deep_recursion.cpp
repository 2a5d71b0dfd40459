// expect: error or memory_limit
// limits: {"memory_mb": 64}
// Each level holds something that must be let go.
#include <memory>
struct Node {
    std::unique_ptr<Node> next;
    char weight[64];
};
int main() {
    std::unique_ptr<Node> head;
    for (long n = 0;; n++) {
        auto node = std::make_unique<Node>();
        node->next = std::move(head);
        head = std::move(node);
        if (n == 500000) head.reset();
    }
}

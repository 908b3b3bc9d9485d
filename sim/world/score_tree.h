// SPDX-License-Identifier: Apache-2.0
#pragma once

// The highest of many scores, and who has it: a tournament whose every match is remembered with the
// number of winners, so that a changed score costs log2(n) comparisons, and any of the equal best
// can be named by its rank without walking the others. Scores are never negative; an index without
// a score takes no part.
#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock::sim {

class ScoreTree {
  public:
    // Makes room for indices 0..n-1, all without a score.
    void reset(std::size_t n) {
        leaves_ = 1;
        while (leaves_ < n) leaves_ *= 2;
        nodes_.assign(2 * leaves_, Node{});
    }

    // Sets a score; the tournament is played again up to where nothing changes.
    void set(std::size_t index, double score) {
        std::size_t at = leaves_ + index;
        nodes_[at] = Node{score, 1};
        for (at /= 2; at >= 1; at /= 2) {
            const Node node = winner(at);
            if (node.best == nodes_[at].best && node.count == nodes_[at].count) return;
            nodes_[at] = node;
        }
    }

    // Many scores at once: put() each (a negative one: it has none), then play().
    void put(std::size_t index, double score) {
        nodes_[leaves_ + index] = score < 0.0 ? Node{} : Node{score, 1};
    }
    void play() {
        for (std::size_t at = leaves_ - 1; at >= 1; --at) nodes_[at] = winner(at);
    }

    // Nobody has a score: best() is then negative.
    bool empty() const { return nodes_[1].count == 0; }
    double best() const { return nodes_[1].best; }
    // How many share the best score.
    std::uint32_t ties() const { return nodes_[1].count; }
    // The rank-th of them in order of index, rank < ties().
    std::size_t tie(std::uint32_t rank) const {
        std::size_t at = 1;
        while (at < leaves_) {
            at *= 2;
            const std::uint32_t onTheLeft = nodes_[at].best == nodes_[1].best ? nodes_[at].count : 0;
            if (rank >= onTheLeft) {
                rank -= onTheLeft;
                ++at;
            }
        }
        return at - leaves_;
    }

  private:
    struct Node {
        double best = -1.0;
        std::uint32_t count = 0;
    };
    Node winner(std::size_t at) const {
        const Node& left = nodes_[2 * at];
        const Node& right = nodes_[2 * at + 1];
        if (left.best > right.best) return left;
        if (left.best < right.best) return right;
        return {left.best, left.count + right.count};
    }

    std::size_t leaves_ = 1;
    std::vector<Node> nodes_{2};
};

} // namespace penstock::sim

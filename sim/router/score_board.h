// SPDX-License-Identifier: Apache-2.0
#pragma once

// The highest of many scores, and who has it. Scores lie side by side in blocks of sixteen, with
// the highest of each block beside: a changed score costs a look at its block, all of them changed
// one pass, and the best a look at the block maxima. Scores are never negative; an index without a
// score has a negative one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock::sim {

class ScoreBoard {
  public:
    // Makes room for indices 0..n-1, all without a score.
    void reset(std::size_t n) {
        const std::size_t blocks = (n + kBlock - 1) / kBlock;
        scores_.assign(blocks * kBlock, -1.0);
        most_.assign(blocks, -1.0);
    }

    double score(std::size_t index) const { return scores_[index]; }

    void set(std::size_t index, double score) {
        const double before = scores_[index];
        double& most = most_[index / kBlock];
        scores_[index] = score;
        if (score >= most) {
            most = score;
        } else if (before == most) {
            most = mostOf(index / kBlock);
        }
    }

    // Many scores at once: put() each, then settle().
    void put(std::size_t index, double score) { scores_[index] = score; }
    void settle() {
        for (std::size_t block = 0; block < most_.size(); ++block)
            most_[block] = mostOf(block);
    }

    // Negative if none has a score.
    double best() const {
        double best = -1.0;
        for (const double most : most_)
            best = std::max(best, most);
        return best;
    }
    // How many have this score, which none exceeds.
    std::uint32_t ties(double best) const {
        std::uint32_t count = 0;
        for (std::size_t block = 0; block < most_.size(); ++block) {
            if (most_[block] == best) count += tiesIn(block, best);
        }
        return count;
    }
    // The rank-th of them in order of index, rank < ties(best).
    std::size_t tie(double best, std::uint32_t rank) const {
        std::size_t block = 0;
        for (; true; ++block) {
            if (most_[block] != best) continue;
            const std::uint32_t here = tiesIn(block, best);
            if (rank < here) break;
            rank -= here;
        }
        std::size_t index = block * kBlock;
        while (scores_[index] != best || rank-- > 0)
            ++index;
        return index;
    }

  private:
    static constexpr std::size_t kBlock = 16;

    // Four lanes: one after the other would wait for each comparison.
    double mostOf(std::size_t block) const {
        const double* s = scores_.data() + block * kBlock;
        double lanes[4] = {s[0], s[1], s[2], s[3]};
        for (std::size_t i = 4; i < kBlock; i += 4) {
            for (std::size_t lane = 0; lane < 4; ++lane) {
                lanes[lane] = lanes[lane] < s[i + lane] ? s[i + lane] : lanes[lane];
            }
        }
        return std::max(std::max(lanes[0], lanes[1]), std::max(lanes[2], lanes[3]));
    }
    std::uint32_t tiesIn(std::size_t block, double best) const {
        const double* s = scores_.data() + block * kBlock;
        std::uint32_t count = 0;
        for (std::size_t i = 0; i < kBlock; ++i)
            count += s[i] == best ? 1 : 0;
        return count;
    }

    std::vector<double> scores_; // whole blocks
    std::vector<double> most_;   // of each block
};

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which conversation a chat belongs to, where a trace names only the chat before it (Qwen-Bailian).
#include <cstdint>
#include <vector>

namespace penstock::sim {

// The conversation of each of the last chats of a Qwen-Bailian trace. Chats are numbered in
// sequence, so a table by their lowest bits forgets the oldest first, in bounded memory.
class Conversations {
  public:
    // The first chat of the conversation that `chat` goes on with; `parent` is -1 for a first chat.
    // A parent that is forgotten, or older than the trace, stands for its conversation.
    std::uint64_t of(std::int64_t chat, std::int64_t parent) {
        std::uint64_t root = static_cast<std::uint64_t>(chat) + 1; // ids of sessions begin at 1
        if (parent >= 0) {
            const Chat& known = slot(parent);
            root = known.root != 0 && known.number == parent
                       ? known.root
                       : static_cast<std::uint64_t>(parent) + 1;
        }
        slot(chat) = {chat, root};
        return root;
    }

  private:
    struct Chat {
        std::int64_t number = 0;
        std::uint64_t root = 0; // 0: an empty slot
    };
    Chat& slot(std::int64_t chat) {
        if (chats_.empty()) chats_.resize(std::size_t{1} << 18);
        return chats_[static_cast<std::uint64_t>(chat) % chats_.size()];
    }
    std::vector<Chat> chats_;
};

} // namespace penstock::sim

#include "src/warm/copies.hpp"

#include "src/crypto/digest.hpp"
#include "src/files/relative_name.hpp"
#include "src/warm/packets.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace warm {
namespace {

constexpr std::size_t most_files = 30'000;
constexpr std::uint64_t small_file = 2u << 20;
constexpr std::uint64_t most_small_bytes = 32u << 20;

std::string small_letters(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string hash_of(int file, std::int64_t bytes) {
  crypto::sha256_stream sum;
  std::vector<char> chunk(256 * 1024);
  std::int64_t done = 0;
  while (bytes < 0 || done < bytes) {
    const auto want =
        bytes < 0 ? chunk.size() : std::min<std::size_t>(chunk.size(), static_cast<std::size_t>(bytes - done));
    const auto got = ::read(file, chunk.data(), want);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || (got == 0 && bytes >= 0)) return {};
    if (got == 0) break;
    sum.add({chunk.data(), static_cast<std::size_t>(got)});
    done += got;
  }
  return sum.finish();
}

}  // namespace

std::string content_hashes::of(const files::file_tree& tree, const std::string& name, std::int64_t bytes) {
  const auto file = tree.open(name);
  const auto mark = files::mark_of(file);
  if (!mark) return {};
  if (bytes >= 0 && static_cast<std::uint64_t>(bytes) != mark->bytes) return hash_of(file.get(), bytes);
  auto known = at(name, *mark);
  if (!known.empty()) return known;
  auto hash = hash_of(file.get(), -1);
  if (!hash.empty()) known_[name].push_back({*mark, hash});
  return hash;
}

std::string content_hashes::at(const std::string& name, const files::file_mark& mark) const {
  const auto found = known_.find(name);
  if (found == known_.end()) return {};
  const auto same =
      std::find_if(found->second.begin(), found->second.end(), [&](const auto& c) { return c.mark == mark; });
  return same == found->second.end() ? std::string() : same->hash;
}

bool content_hashes::is_untouched(const std::string& name, const files::file_mark& mark) const {
  const auto found = before_.find(name);
  return found != before_.end() && found->second == mark;
}

void content_hashes::begin_job(const files::file_tree& tree) {
  before_.clear();
  std::vector<std::string> names;
  std::uint64_t left = most_small_bytes;
  tree.each_file(most_files, [&](const std::string& name, const files::file_mark& mark) {
    before_.emplace(name, mark);
    if (mark.bytes > small_file || mark.bytes > left || !at(name, mark).empty()) return;
    left -= mark.bytes;
    names.push_back(name);
  });
  for (const auto& name : names) (void)of(tree, name);
}

project_view look_at(const std::filesystem::path& root) {
  project_view out{files::file_tree(root), {}};
  out.tree.each_file(
      most_files, [&](const std::string& name, const files::file_mark&) { out.spellings.insert(small_letters(name)); });
  return out;
}

/// What a file held when the job, or one that it goes back to, met it.
bool parked_copy::take_content(dependency& of, const files::file_mark& seen, const project_view& now,
                               content_hashes& hashes, const parked_copy* from) const {
  const dependency* known = nullptr;  // then it was the same before this job, be it with another mark
  if (from != nullptr)
    for (const auto& one : from->seen_)
      if (one.name == of.name && !one.hash.empty()) known = &one;
  if (of.read < 0 && known != nullptr && known->read < 0) of.hash = known->hash;
  if (of.read < 0 && of.hash.empty()) of.hash = hashes.at(of.name, seen);
  if (!of.hash.empty()) return true;
  const auto mark = files::mark_of(now.tree.open(of.name));
  if (!mark || (*mark != seen && (known == nullptr || !hashes.is_untouched(of.name, *mark)))) return false;
  of.hash = hashes.of(now.tree, of.name, of.read);
  return !of.hash.empty();
}

bool parked_copy::take_names(const sights& part, const project_view& now, content_hashes& hashes,
                             const parked_copy* from) {
  if (part.bytes > most_sights) return false;
  for (std::uint32_t at = 0; at < part.bytes;) {
    sight one;
    if (part.bytes - at < sizeof one) return false;
    std::memcpy(&one, part.names + at, sizeof one);
    at += sizeof one;
    if (one.length > part.bytes - at) return false;
    std::string_view seen(part.names + at, one.length);
    at += one.length;
    // Nothing of /tmp outlives a build but fonts that luaotfload made, which are what it would make again.
    if (seen.starts_with("/tmp")) continue;
    const bool from_root = seen.starts_with("/job");
    if (seen.starts_with('/') && !from_root) return false;
    const auto name = files::tidy(from_root ? std::string(seen.substr(4)) : files::join(folder_, seen));
    if (!name) continue;  // above the project: there is nothing that it could write
    dependency need{one.kind, *name, -1, {}};
    const files::file_mark mark{one.inode, one.bytes, one.changed_ns};
    switch (one.kind) {
      case sight_kind::nothing:
      case sight_kind::other:
        break;
      case sight_kind::reading:
        need.read = one.read;
        if (one.read < 0) return false;
        [[fallthrough]];
      case sight_kind::file:
        if (!take_content(need, mark, now, hashes, from)) return false;
        break;
      default:  // a folder whose names it has read: nobody knows which there were
        return false;
    }
    seen_.push_back(std::move(need));
  }
  return true;
}

bool parked_copy::take_sights(const project_view& now, content_hashes& hashes, const parked_copy* from) {
  bool usable = true;
  for (std::uint32_t i = 0; i < most_messages; ++i) {
    const auto part = receive_packet<sights>(orders_.get(), std::chrono::milliseconds(0));
    if (!part) return false;
    usable = usable && take_names(*part, now, hashes, from);
    if (part->last == 0) continue;
    process_ = part->process;
    at_ = part->at;
    cpu_us_ = part->cpu_us;
    return usable && process_ > 1;
  }
  return false;
}

bool parked_copy::is_current(const project_view& now, content_hashes& hashes) const {
  return std::all_of(seen_.begin(), seen_.end(), [&](const dependency& need) {
    switch (need.kind) {
      case sight_kind::nothing:
        return !now.tree.has_anything(need.name) && !now.spellings.contains(small_letters(need.name));
      case sight_kind::other:
        return need.name.empty() || now.tree.has_folder(need.name);
      default:
        return hashes.of(now.tree, need.name, need.read) == need.hash;
    }
  });
}

}  // namespace warm
}  // namespace v0
}  // namespace texbuild

#include "src/project/tree.hpp"

#include "src/project/names.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <string_view>

namespace texbuild {
inline namespace v0 {
namespace projects {
namespace {

struct node {
  node* parent = nullptr;
  std::map<std::string, std::unique_ptr<node>, std::less<>> children;
  const entry* from = nullptr;  // null for folders
};

class grower {
 public:
  grower(const std::vector<entry>& entries, const project_limits& limits) : entries_(entries), limits_(limits) {}

  result<file_tree> run() {
    for (const auto& e : entries_) {
      if (auto added = add(e); !added) return added.error();
    }
    const bool wrapped = root_.children.size() == 1 && root_.children.begin()->second->from == nullptr;
    if (wrapped) tree_.wrapper = root_.children.begin()->first;
    if (auto done = expand(wrapped ? *root_.children.begin()->second : root_, ""); !done) return done.error();
    if (tree_.files.empty()) return error(errc::invalid_input, "the project holds no files; send at least a .tex file");
    sort();
    return std::move(tree_);
  }

 private:
  result<void> add(const entry& e) {
    node* at = &root_;
    for (std::string_view rest = e.name; !rest.empty();) {
      if (at->from != nullptr) return bad_entry(e.name, "lies below a name that is a file; rename one of them");
      const auto slash = rest.find('/');
      const auto part = rest.substr(0, slash);
      auto found = at->children.find(part);
      if (found == at->children.end()) {
        found = at->children.emplace(std::string(part), std::make_unique<node>()).first;
        found->second->parent = at;
      } else if (slash == std::string_view::npos && e.kind != entry_kind::folder) {
        return bad_entry(e.name, "is there twice; rename or remove one of them");
      }
      at = found->second.get();
      rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    }
    if (e.kind == entry_kind::folder) {
      if (at->from != nullptr) return bad_entry(e.name, "is a file and a folder at once; rename one of them");
      return {};
    }
    if (at == &root_) return bad_entry(e.name, "has no name; give it one");
    at->from = &e;
    return {};
  }

  // Where a link leads, as the system would walk it. Null if that is nowhere in the project.
  node* follow(const node& link, int hops) {
    // As many as Linux follows.
    if (hops > 40) return nullptr;
    const std::string_view target = link.from->target;
    if (target.empty() || target.front() == '/') return nullptr;
    node* at = link.parent;
    for (auto rest = target; !rest.empty();) {
      const auto slash = rest.find('/');
      const auto part = rest.substr(0, slash);
      rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
      if (at->from != nullptr) return nullptr;
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        at = at->parent;
      } else {
        const auto found = at->children.find(part);
        at = found == at->children.end() ? nullptr : found->second.get();
        if (at != nullptr && is_link(*at)) at = follow(*at, ++hops);
      }
      if (at == nullptr || ++steps_ > most_steps) return nullptr;
    }
    return at;
  }

  result<void> expand(const node& folder, const std::string& prefix) {
    if (std::find(open_.begin(), open_.end(), &folder) != open_.end()) {
      return bad_entry(prefix, "is a link to a folder that it lies in itself; leave it out");
    }
    open_.push_back(&folder);
    if (folder.children.empty() && !prefix.empty()) {
      if (auto counted = count(prefix); !counted) return counted.error();
      tree_.empty_folders.push_back(prefix);
    }
    for (const auto& [name, child] : folder.children) {
      if (auto done = place(*child, below(prefix, name)); !done) return done.error();
    }
    open_.pop_back();
    return {};
  }

  result<void> place(const node& child, const std::string& name) {
    const node* real = &child;
    if (is_link(child)) {
      real = follow(child, 0);
      if (real == nullptr) {
        return bad_entry(child.from->name, "is a link to \"" + shown(child.from->target) +
                                               "\", which is not in the project; put the file itself there");
      }
      if (name.size() > limits_.name_bytes ||
          std::count(name.begin(), name.end(), '/') > static_cast<std::ptrdiff_t>(limits_.depth)) {
        return bad_entry(name, "lies too deep through links; leave the link out");
      }
    }
    if (real->from == nullptr) return expand(*real, name);
    if (auto counted = count(name); !counted) return counted.error();
    const auto bytes = real->from->bytes;
    if (bytes > limits_.unpacked_bytes - tree_.total_bytes) {
      return bad_entry(name, "and what comes before it are more than the " +
                                 std::to_string(limits_.unpacked_bytes >> 20U) +
                                 " MB a project may hold; leave out what TeX does not need");
    }
    tree_.total_bytes += bytes;
    tree_.files.push_back({name, bytes});
    tree_.origins.push_back(real->from->origin);
    return {};
  }

  // Links to folders multiply: counted while they do.
  result<void> count(const std::string& name) {
    if (++placed_ > limits_.entries) {
      return bad_entry(name, "and what comes before it are more than " + std::to_string(limits_.entries) +
                                 " files, links followed; leave out what TeX does not need");
    }
    return {};
  }

  static bool is_link(const node& n) { return n.from != nullptr && n.from->kind == entry_kind::link; }

  // "a-b" sorts before "a/b" as a name, but after it in the walk.
  void sort() {
    std::vector<std::size_t> order(tree_.files.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return tree_.files[a].name < tree_.files[b].name; });
    std::vector<project_file> files;
    std::vector<std::size_t> origins;
    for (const auto i : order) {
      files.push_back(std::move(tree_.files[i]));
      origins.push_back(tree_.origins[i]);
    }
    tree_.files = std::move(files);
    tree_.origins = std::move(origins);
  }

  // Ten thousand links of four thousand parts each would keep a core busy; honest ones need a few.
  static constexpr std::uint64_t most_steps = 1'000'000;

  const std::vector<entry>& entries_;
  const project_limits& limits_;
  node root_;
  file_tree tree_;
  std::vector<const node*> open_;
  std::uint64_t placed_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace

result<file_tree> grow_tree(std::vector<entry> entries, const project_limits& limits) {
  return grower(entries, limits).run();
}

}  // namespace projects
}  // namespace v0
}  // namespace texbuild

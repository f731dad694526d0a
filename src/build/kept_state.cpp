#include "src/build/kept_state.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace texbuild {
inline namespace v0 {
namespace build {
namespace {

namespace json = boost::json;

constexpr std::uint64_t most_restored_bytes = 64u << 20;

template <std::size_t N>
bool ends_with_one_of(std::string_view name, const std::array<std::string_view, N>& endings) {
  return std::any_of(endings.begin(), endings.end(), [&](auto ending) { return name.ends_with(ending); });
}

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::string key_of(const tex::step& step) { return std::string(to_string(step.kind)) + " " + step.target; }

std::vector<std::string> strings_of(const json::value& list) {
  std::vector<std::string> out;
  for (const auto& v : list.as_array()) out.emplace_back(v.as_string());
  return out;
}

}  // namespace

std::string to_json(const kept_state& state) {
  json::object helpers;
  for (const auto& [name, work] : state.helpers) {
    json::array notes;
    for (const auto& d : work.notes)
      notes.push_back(json::array{static_cast<int>(d.level), d.file, d.line, d.message, d.context});
    helpers[name] = json::object{{"inputs", work.inputs},
                                 {"products", json::array(work.products.begin(), work.products.end())},
                                 {"notes", std::move(notes)}};
  }
  return json::serialize(json::object{{"generation", state.generation},
                                      {"sources", state.sources},
                                      {"helpers", std::move(helpers)},
                                      {"nothing", state.nothing}});
}

result<kept_state> parse_kept_state(std::string_view text) {
  kept_state state;
  try {
    const auto root = json::parse(json::string_view(text.data(), text.size()));
    state.generation = std::string(root.at("generation").as_string());
    state.sources = std::string(root.at("sources").as_string());
    state.nothing = root.at("nothing").as_bool();
    for (const auto& member : root.at("helpers").as_object()) {
      auto& work = state.helpers[std::string(member.key())];
      work.inputs = member.value().at("inputs").to_number<std::uint64_t>();
      work.products = strings_of(member.value().at("products"));
      for (const auto& v : member.value().at("notes").as_array()) {
        const auto& d = v.as_array();
        work.notes.emplace_back(static_cast<severity>(d.at(0).to_number<int>()), std::string(d.at(1).as_string()),
                                d.at(2).to_number<int>(), std::string(d.at(3).as_string()),
                                std::string(d.at(4).as_string()));
      }
    }
  } catch (const std::exception& e) {
    return error(errc::internal, "the kept state of a build cannot be read", e.what());
  }
  return state;
}

bool is_kept(std::string_view name) {
  constexpr std::array<std::string_view, 46> endings{
      ".aux", ".toc", ".lof", ".lot", ".loa", ".lol", ".los", ".out", ".nav", ".snm",    ".vrb", ".bbl",
      ".blg", ".bcf", ".idx", ".ind", ".ilg", ".glo", ".gls", ".glg", ".acn", ".acr",    ".alg", ".slo",
      ".sls", ".slg", ".nlo", ".nls", ".nlg", ".ist", ".xdy", ".tdo", ".thm", ".brf",    ".maf", ".ptc",
      ".plf", ".plt", ".upa", ".upb", ".cut", ".ent", ".fff", ".ttt", ".bkm", ".run.xml"};
  if (ends_with_one_of(name, endings)) return true;
  // minitoc: one for each chapter.
  auto stem = name;
  while (!stem.empty() && is_digit(stem.back())) stem.remove_suffix(1);
  constexpr std::array<std::string_view, 3> numbered{".mtc", ".mlf", ".mlt"};
  return stem.size() < name.size() && ends_with_one_of(stem, numbered);
}

result<std::string> helper_sources(const project& source) {
  // What the engine alone reads, and changes with every edit. All else counts, whatever a helper does with it.
  constexpr std::array<std::string_view, 22> of_the_engine{
      ".tex", ".ltx",  ".sty", ".cls", ".clo", ".def", ".fd",  ".png", ".jpg", ".jpeg", ".pdf",
      ".eps", ".epsi", ".svg", ".ps",  ".ttf", ".otf", ".pfb", ".tfm", ".csv", ".dat",  ".lua"};
  return source.content_hash([&](std::string_view name) { return !ends_with_one_of(name, of_the_engine); });
}

void state_tracker::restore(const earlier_build& from, const std::string& sources_hash, file_tree& tree,
                            tex::pass_planner& planner) {
  std::set<std::string, std::less<>> put;
  std::uint64_t left = most_restored_bytes;
  for (const auto& file : from.files) {
    if (!file.role.empty() || !is_kept(file.name) || file.bytes > left) continue;
    const auto text = from.read(file);
    // A failure or a file of the sources: then it is not there, as in a build that begins with nothing.
    if (!text || text->size() != file.bytes) continue;
    if (const auto mark = tree.create(file.name, *text)) {
      left -= file.bytes;
      put.insert(file.name);
      restored_.emplace(file.name, *mark);
    }
  }
  tex::pass_planner::helper_inputs trusted;
  if (from.state.sources == sources_hash) {
    for (const auto& [name, work] : from.state.helpers) {
      const bool whole = std::all_of(work.products.begin(), work.products.end(),
                                     [&](const std::string& product) { return put.contains(product); });
      if (!whole) continue;
      helpers_.emplace(name, work);
      inherited_.insert(name);
      trusted.emplace(name, work.inputs);
    }
  }
  planner.trust(std::move(trusted));
}

void state_tracker::ended(const tex::step& step, bool succeeded, const file_marks& before, const file_marks& after,
                          const std::vector<diagnostic>& notes) {
  if (step.kind == tex::step_kind::engine || step.kind == tex::step_kind::dvipdf) return;
  helper_failed_ = helper_failed_ || !succeeded;
  const auto key = key_of(step);
  auto& work = helpers_[key];
  inherited_.erase(key);
  work = {};
  work.notes = notes;
  for (const auto& [name, mark] : after) {
    const auto old = before.find(name);
    if (old == before.end() || !(old->second == mark)) work.products.push_back(name);
  }
}

std::map<std::string, std::vector<diagnostic>> state_tracker::inherited_notes(const tex::pass_planner& planner) const {
  std::map<std::string, std::vector<diagnostic>> out;
  for (const auto& name : inherited_) {
    const auto work = helpers_.find(name);
    if (planner.wanted(name) && work != helpers_.end()) out.emplace(name, work->second.notes);
  }
  return out;
}

std::vector<std::string> state_tracker::leftovers(const file_marks& now, const tex::pass_planner& planner) const {
  std::set<std::string_view> accounted;
  for (const auto& [name, work] : helpers_)
    if (planner.wanted(name)) accounted.insert(work.products.begin(), work.products.end());
  std::vector<std::string> out;
  for (const auto& [name, mark] : restored_) {
    const auto found = now.find(name);
    if (found != now.end() && found->second == mark && !accounted.contains(name)) out.push_back(name);
  }
  return out;
}

std::optional<kept_state> state_tracker::leave(std::string sources_hash, const tex::pass_planner& planner) const {
  if (helper_failed_) return std::nullopt;
  kept_state out;
  out.sources = std::move(sources_hash);
  for (const auto& [name, work] : helpers_) {
    const auto inputs = planner.seen().find(name);
    if (!planner.wanted(name) || inputs == planner.seen().end()) continue;
    auto& kept = out.helpers.emplace(name, work).first->second;
    kept.inputs = inputs->second;
  }
  return out;
}

}  // namespace build
}  // namespace v0
}  // namespace texbuild

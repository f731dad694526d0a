// A bibliography's maps can hold Perl, which biber runs. What such code sees and leaves in a warm biber is what it
// would see and leave in a plain one.
#include "tests/warm/same_files.hpp"
#include "tests/warm/warm_job.hpp"

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct HostilePerl : WarmJob {
  std::string below;  // the main file's folder, with a slash
  std::size_t before = processes_below(::getpid()).size();
  ~HostilePerl() override { EXPECT_EQ(processes_below(::getpid()).size(), before); }

  /// A control file whose map runs "code.pl".
  static const std::string& control_file() {
    static const std::string made = [] {
      const auto place = host().folder(
          {{"main.tex",
            "\\documentclass{article}\n\\usepackage[backend=biber]{biblatex}\n\\addbibresource{refs.bib}\n"
            "\\DeclareSourcemap{\\maps[datatype=bibtex]{\\map{\\step[fieldsource=title, match=\\regexp{.+}, "
            "replace=\\regexp{@{[do './code.pl']}}]}}}\n\\begin{document}\\nocite{*}\\end{document}\n"}});
      run_in(*plain_sandbox(), warm_host::command_in(place, engine_argv(texbuild::tex_engine::pdflatex, "main.tex")));
      return read_file(place.root / "main.bcf");
    }();
    return made;
  }
  /// Without looking at what comes of it.
  ran_job just_run(texbuild::process_runner& runner, const std::string& code) {
    place = host().folder({{below + "main.bcf", control_file()},
                           {below + "refs.bib", "@book{k, author={A}, title={T}, year=2000}\n"},
                           {below + "code.pl", code + "\n'mapped'"}});
    auto what = warm_host::command_in(place, {"biber", "main"});
    if (!below.empty()) {
      what.folder = below.substr(0, below.size() - 1);
      what.variables.emplace_back("TEXINPUTS", ".:/job:");
      what.variables.emplace_back("BIBINPUTS", ".:/job:");
    }
    what.limits = limits;
    return run_in(runner, what);
  }
  files run_by(texbuild::process_runner& runner, const std::string& code) {
    const auto ran = just_run(runner, code);
    EXPECT_TRUE(ran.result.succeeded()) << ran.said;
    EXPECT_THAT(left(below + "main.bbl"), HasSubstr("mapped"));
    return place.all();
  }
  files warmly(const std::string& code) {
    const auto then = host().engines().stats();
    auto all = run_by(host().engines(), code);
    EXPECT_EQ(host().engines().stats().warm, then.warm + 1);
    EXPECT_EQ(host().engines().stats().anomalies, then.anomalies) << host().engines().stats().last_problem;
    return all;
  }
};

TEST_F(HostilePerl, SeesWhatAPlainOneSees) {
  const std::string look = R"(
open my $out, '>', 'seen' or die;
print $out "$_=$ENV{$_}\n" for sort keys %ENV;
print $out join(' ', $0, $^X, $^W, @ARGV, '|', @INC, '|', umask, $<, $>, getppid() ? 'child' : 'orphan'), "\n";
print $out Cwd::getcwd(), ' ', abs($^T - time) < 60 ? 'young' : "old $^T", "\n";
print $out join(' ', map { "$_=" . ($SIG{$_} // '') } sort keys %SIG), "\n";
for my $fd (0 .. 200) { if (open my $f, '<&=', $fd) { my @s = stat $f; printf $out "%d %o\n", $fd, $s[2] & 0170000 if $fd < 3 } }
open my $kids, '-|', 'env' or die; print $out sort <$kids>; close $kids;
print $out exists $INC{'texbuild_wait.pm'} ? 'trace' : 'clean', "\n";
close $out;)";
  for (const char* folder : {"", "paper/"}) {
    below = folder;
    const auto warm = warmly(look)[below + "seen"];
    const auto plain = run_by(*plain_sandbox(), look)[below + "seen"];
    EXPECT_EQ(warm, plain);
    EXPECT_THAT(warm, HasSubstr("young"));
    EXPECT_THAT(warm, HasSubstr("clean"));
  }
}

TEST_F(HostilePerl, HasLoadedNothingThatAPlainOneWouldNotLoadByItsEnd) {
  const std::string list =
      "END { open my $out, '>', 'loaded'; print $out \"$_ $INC{$_}\\n\" for sort grep { $_ ne './code.pl' } keys %INC "
      "}";
  const auto plain = run_by(*plain_sandbox(), list)["loaded"];
  const auto warm = warmly(list)["loaded"];
  std::istringstream lines(warm);
  for (std::string line; std::getline(lines, line);) EXPECT_THAT(plain, HasSubstr(line + "\n"));
  EXPECT_GT(warm.size(), 1000u);
}

// Everything that can be listed without TeX Live and the system, and what can be written of it.
constexpr const char* look_around_in_perl = R"(
open my $out, '>', 'seen' or die;
my $walk; $walk = sub {
  my ($folder, $depth) = @_;
  opendir my $names, $folder or do { print $out "$folder closed\n"; return };
  for my $name (readdir $names) {
    next if $name eq '.' || $name eq '..';
    my $path = ($folder eq '/' ? '' : $folder) . "/$name";
    print $out "$path\n";
    $walk->($path, $depth + 1) if -d $path && !-l $path && $depth < 8 && $path ne '/usr' && $path ne '/cache';
  }
  if ($folder ne '/job' && $folder ne '/tmp' && $folder !~ m{^/tmp/biber}) {
    if (open my $f, '>', "$folder/planted") { print $out "$folder WRITABLE\n" }
  }
};
$walk->('/', 0);
for my $folder (qw(/jobs /none /texbuild /proc /proc/1 /dev/fd /dev/shm /sys /cache /usr/share/perl5 /usr/share/texlive
    /var/lib/texmf /etc/texmf /jobs/0/job /jobs/1/job)) {
  if (open my $f, '>', "$folder/planted") { print $out "$folder WRITABLE\n" }
}
close $out;
)";

TEST_F(HostilePerl, SeesNoOtherJobAndWritesNowhereElse) {
  const auto other = host().folder({{"secret-of-another", "hunter2"}});
  write_file(other.scratch / "secret-in-scratch", "hunter2");
  const auto seen = warmly(look_around_in_perl)["seen"];
  EXPECT_THAT(seen, HasSubstr("/job/code.pl\n"));
  EXPECT_THAT(seen, HasSubstr("/jobs\n"));
  EXPECT_THAT(seen, Not(HasSubstr("\n/jobs/")));
  EXPECT_THAT(seen, Not(HasSubstr("secret")));
  EXPECT_THAT(seen, Not(HasSubstr("\n/proc")));
  EXPECT_THAT(seen, Not(HasSubstr("/texbuild-job")));
  std::string writable;
  std::istringstream lines(seen);
  for (std::string line; std::getline(lines, line);)
    if (line.ends_with(" WRITABLE") && !line.starts_with("/job/") && !line.starts_with("/tmp/"))
      writable += line + "\n";
  EXPECT_EQ(writable, "");
}

TEST_F(HostilePerl, LeavesNothingForTheNextJob) {
  warmly(R"(
$main::planted = 'planted'; $Biber::planted = 'planted'; $ENV{PLANTED} = 'planted';
push @INC, '/tmp/planted'; $INC{'planted.pm'} = 'planted'; $0 = 'planted';
{ no warnings; *Biber::LangTags::new = sub { 'planted' }; *Unicode::UCD::planted = sub { 1 }; }
for my $folder ('/job', '/tmp', '/texbuild', '/none', '/jobs') { if (open my $f, '>', "$folder/planted") { print $f 'planted' } }
mkdir '/tmp/texmf-home'; mkdir '/tmp/planted';
for my $fd (3 .. 1023) { if (open my $f, '>&=', $fd) { syswrite $f, 'planted' } }
)");
  EXPECT_EQ(left("planted"), "planted");
  const auto seen = warmly(std::string(look_around_in_perl) + R"(
open my $state, '>', 'state';
print $state join ' ', map { $_ // '' } $main::planted, $Biber::planted, $ENV{PLANTED}, @INC, %INC, $0,
  defined &Unicode::UCD::planted ? 'planted' : '', ref Biber::LangTags->new;
close $state;
)");
  EXPECT_THAT(seen.at("seen"), Not(HasSubstr("planted")));
  EXPECT_THAT(seen.at("seen"), Not(HasSubstr("texmf-home")));
  EXPECT_THAT(seen.at("state"), Not(HasSubstr("planted")));
  EXPECT_THAT(seen.at("state"), HasSubstr("Biber::LangTags"));
}

// run3 keeps the files of the questions that it has asked.
TEST_F(HostilePerl, HasNotAskedForAConfigurationThatIsNotThere) {
  const std::string count =
      "open my $out, '>', 'asked'; print $out scalar grep { my $f; open($f, '<&=', $_) && -f $f && !(stat $f)[3] } 3 "
      ".. "
      "99;";
  EXPECT_EQ(run_by(*plain_sandbox(), count)["asked"], "3");
  EXPECT_EQ(warmly(count)["asked"], "0");
}

TEST_F(HostilePerl, HoldsNothingThatItCouldTalkThrough) {
  const auto held = warmly(R"(
open my $out, '>', 'held';
for my $fd (0 .. 1023) {
  next unless open my $f, '<&=', $fd;
  printf $out "%d %s\n", $fd, -S $f ? 'socket' : -p $f ? 'pipe' : -f $f ? 'file' : -c $f ? 'device' : 'other';
}
close $out;
)")["held"];
  EXPECT_THAT(held, Not(HasSubstr("socket")));
  EXPECT_THAT(held, Not(HasSubstr("other")));
  EXPECT_EQ(held.find(" pipe"), held.find("1 pipe") + 1) << held;  // its output
  EXPECT_EQ(std::count(held.begin(), held.end(), 'p'), 2 * 2) << held;
}

TEST_F(HostilePerl, EndsWithAllThatItStarted) {
  warmly(
      "for (1 .. 5) { if (!fork) { POSIX::setsid(); $SIG{TERM} = $SIG{HUP} = 'IGNORE'; sleep 1000; POSIX::_exit(0) } "
      "}");
}

TEST_F(HostilePerl, KillsNoOneElse) {
  const auto parked = deepest("biber");
  const auto then = host().engines().stats().started;
  warmly("kill 'KILL', getppid(); kill 'KILL', 1; kill 'KILL', -1; for (2 .. 500) { kill 'KILL', $_ if $_ != $$ }");
  EXPECT_NE(parked.pid, 0);
  EXPECT_EQ(deepest("biber").pid, parked.pid);
  warmly("");
  EXPECT_EQ(host().engines().stats().started, then);
}

TEST_F(HostilePerl, DrawsOtherRandomNumbersThanTheJobBefore) {
  const auto drawn = [&] { return warmly("open my $o, '>', 'drawn'; print $o rand; close $o;")["drawn"]; };
  const auto first = drawn();
  EXPECT_NE(first, "");
  EXPECT_NE(first, drawn());
}

TEST_F(HostilePerl, EndsAsAPlainOneEnds) {
  for (const char* code : {"exit 3;", "POSIX::_exit(77);", "die 'mine';", "kill 'ABRT', $$; sleep 9;", "exit 254;",
                           "kill 'SEGV', $$; sleep 1;", "kill 'TERM', $$; sleep 9;", "exec 'false';", "$? = 9; exit;",
                           "close STDOUT; close STDERR;"}) {
    const auto then = host().engines().stats();
    const auto warm = just_run(host().engines(), code);
    EXPECT_EQ(host().engines().stats().warm, then.warm + 1) << code;
    const auto plain = just_run(*plain_sandbox(), code);
    EXPECT_EQ(warm.result.exit_status, plain.result.exit_status) << code;
    EXPECT_EQ(warm.result.signal, plain.result.signal) << code;
    EXPECT_EQ(without_moments_of_biber(warm.said), without_moments_of_biber(plain.said)) << code;
  }
}

TEST_F(HostilePerl, IsKeptWithinItsLimits) {
  using texbuild::limit_kind;
  const auto limit = [&](const std::string& code) {
    const auto then = host().engines().stats();
    const auto ran = just_run(host().engines(), code).result;
    EXPECT_EQ(host().engines().stats().warm, then.warm + 1) << code;
    EXPECT_FALSE(ran.succeeded());
    return ran.limit;
  };
  const auto usual = limits;
  limits.cpu = std::chrono::milliseconds(2000);
  EXPECT_EQ(limit("1 while 1;"), limit_kind::cpu_time);
  limits = usual;
  limits.memory_bytes = 600U << 20;
  EXPECT_EQ(limit("my @all; push @all, 'x' x 1_000_000 while 1;"), limit_kind::memory);
  limits = usual;
  limits.processes = 8;
  EXPECT_EQ(limit("for (1 .. 200) { if (defined(my $p = fork)) { sleep 1000 unless $p } } 1 while 1;"),
            limit_kind::processes);
  limits = usual;
  limits.file_bytes = 1U << 20;
  EXPECT_EQ(limit("open my $f, '>', 'big'; print $f 'x' x 65536 while 1;"), limit_kind::file_size);
  EXPECT_LE(std::filesystem::file_size(place.root / "big"), 1U << 20);
  limits = usual;
  limits.disk_bytes = 20U << 20;
  EXPECT_EQ(limit("for (1 .. 1e9) { open my $f, '>', \"/tmp/f$_\"; print $f 'x' x 1e6; close $f }"), limit_kind::disk);
  limits = usual;
  limits.output_bytes = 1U << 20;
  EXPECT_EQ(limit("print STDOUT 'x' x 65536 while 1;"), limit_kind::output);
}

}  // namespace

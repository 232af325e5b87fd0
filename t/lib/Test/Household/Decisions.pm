package Test::Household::Decisions;

# Changes households and checks each decision of edges on them, in a process of
# its own (t/strain/decisions.c, which says what the options are).
#
#   my $load = Test::Household::Decisions->new(
#       $primary, [@edges], '-b' => 6000, '-r' => 20000);
#   $load->feed('go');                 # once all replicas have the records
#   $load->seen;                       # a hash: decisions, denied, old, ...
#   $load->wrong;                      # the first decisions that were wrong
#
# seen() ends it.

use strict;
use warnings;

use parent -norequire, 'Test::Household::Process';

use Exporter 'import';
use Test::Household::Process qw(wait_until temp_dir);

our @EXPORT_OK = qw(decisions_location);


# what an edge is to have as its location
sub decisions_location {
    my ($store) = @_;
    return <<"EOC";
location / {
    household on;
    household_log_level info;
    household_store $store;
    household_account \$arg_account;
    add_header X-Decision
        "\$household_reason \$household_cache_status \$household_network"
        always;
    empty_gif;
}
EOC
}

sub new {
    my ($class, $primary, $edges, @options) = @_;
    my $self = bless { dir => temp_dir('decisions') }, $class;
    my $program = ($ENV{BUILD} || 'build') . '/strain/decisions';

    $self->spawn_fed($program, @options, $primary->{port},
                     map { $_->{port} } @$edges);
    wait_until { $self->exited || $self->output =~ /^ready$/m } 60;
    die "$program: " . $self->output if !$self->pid;
    return $self;
}

sub seen {
    my ($self) = @_;

    close delete $self->{feed} if $self->{feed};
    $self->wait_exit(30) or die "the decisions do not end\n";
    return { $self->output =~ /^(\w+) ([\d.]+)$/mg };
}

sub wrong { $_[0]->output =~ /^(wrong .*)$/mg }

1;

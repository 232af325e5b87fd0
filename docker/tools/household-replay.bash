# completion for bash: options and files of household-replay

_household_replay() {
    local word=${COMP_WORDS[COMP_CWORD]}

    case $word in
        -*) mapfile -t COMPREPLY < <(compgen -W '-b -k -d -s --json --check
                                                 --help' -- "$word") ;;
        *)
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            compopt -o filenames 2> /dev/null ;;
    esac
}

complete -F _household_replay household-replay

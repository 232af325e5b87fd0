# completion for bash: the commands of household-ctl, and what follows them

_household_ctl() {
    local word=${COMP_WORDS[COMP_CWORD]} i command='' verb='' words=''

    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            -u|-H) i=$((i + 1)) ;;
            -*) ;;
            *)
                if [ -z "$command" ]; then
                    command=${COMP_WORDS[i]}
                elif [ -z "$verb" ]; then
                    verb=${COMP_WORDS[i]}
                fi ;;
        esac
    done

    case $command-$verb in
        -) words='-u -H --json --help why show check export import home seat
                  device travel plan sign-out erase brake status' ;;
        home-) words='add remove move' ;;
        seat-) words='add renew end transfer' ;;
        device-) words='add remove transfer' ;;
        travel-) words='add end' ;;
        brake-) words='off monitor on none' ;;
        why-*) words='--issued --at' ;;
        check-|export-) words='--redis' ;;
        import-) words='--dry-run' ;;
    esac

    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")

    if [ "$command" = import ]; then
        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames 2> /dev/null
    fi
}

complete -F _household_ctl household-ctl

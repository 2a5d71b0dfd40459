# expect: success
# lacks: RUNNEL
# lacks: SECRET
# lacks: DOCKER
# Everything that says something about the machine's owner.
env
cat /proc/1/environ /etc/shadow ~root/.* ~/.bash_history 2>/dev/null
cat /proc/self/mountinfo | grep -iE 'docker.sock|/home/|/root' && echo FOUND
ls /var/run/docker.sock /run/secrets /run/containerd 2>/dev/null && echo FOUND
:

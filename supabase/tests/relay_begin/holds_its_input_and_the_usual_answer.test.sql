begin; select plan(9);
select tests.given_tale('owner');
savepoint start;

-- A model that has reported nothing is expected to answer with a page.
select tests.call_begin('owner', 'first', conversation => 'tale');
select is(reserved_tokens, (ceil(context_bytes / bytes_per_token) + 1000)::integer, 'the input by ratio, and a page')
from relay.generations where stream_id = 'first';
select is(reserved_cost, null, 'and no money where there is no price') from relay.generations where stream_id = 'first';

rollback to start; -- One that has reported is expected to answer as usual.
select tests.given_usual_reply('bot', 200);
select tests.call_begin('owner', 'first', conversation => 'tale');
select is(reserved_tokens, (ceil(context_bytes / bytes_per_token) + 200)::integer, 'the usual answer')
from relay.generations where stream_id = 'first';

rollback to start; -- But never with more than the bot's own limit.
update public.bots set reply_tokens = 50, context_tokens = 8000;
select tests.call_begin('owner', 'first', conversation => 'tale');
select is(reserved_tokens, (ceil(context_bytes / bytes_per_token) + 50)::integer, 'its reply_tokens')
from relay.generations where stream_id = 'first';

rollback to start;
update public.bots set params = '{"max_tokens": 70}';
select tests.call_begin('owner', 'first', conversation => 'tale');
select is(reserved_tokens, (ceil(context_bytes / bytes_per_token) + 70)::integer, 'or the limit among its params')
from relay.generations where stream_id = 'first';

rollback to start; -- Money by the price of input and output.
select tests.given_price('model of bot', 2, 2, 10);
select tests.call_begin('owner', 'first', conversation => 'tale');
select is(reserved_cost, (reserved_tokens - 1000) * 0.000002 + 1000 * 0.00001, 'of input and output')
from relay.generations where stream_id = 'first';

rollback to start; -- A context of the client's own, an answer that is written again, one that is continued.
select tests.call_begin('owner', 'given', conversation => 'tale', context_is_given => true, given_bytes => array[3000]);
select ok(tests.held_by('given') between 2000 and 2100, 'a context that is given counts by its bytes');
select tests.call_begin('owner', 'reroll', reroll_of => 'first answer');
select is(reserved_tokens, (ceil(context_bytes / bytes_per_token) + 1000)::integer, 'as what is sent for a reroll')
from relay.generations where stream_id = 'reroll';
select tests.call_begin('owner', 'continue', continue_of => 'first answer');
select is(reserved_tokens, (ceil(context_bytes / bytes_per_token) + 1000)::integer, 'and for an answer that goes on')
from relay.generations where stream_id = 'continue';

select * from finish(); rollback;

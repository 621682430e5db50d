begin; select plan(17);
select tests.given_tale('owner');
update public.bots set titles = true;
update public.conversations set title = '';
create temp view title as select c.title from public.conversations c where c.id = tests.key('tale');
select tests.call_begin('owner', 'again', prompt => null, reroll_of => 'second answer');
select is(f ->> 'title_due', f ->> 'message_id', 'one is due after a whole answer')
from tests.call_finish('again', 'They met.') f;
savepoint start;

select is(tests.call_begin_memory('owner', 't', 'second answer', kind => 'title') ->> 'outcome', 'admitted', 'it begins');
select is(tests.call_begin_memory('owner', 't2', 'second answer', kind => 'title'), null, 'once');
select is(tests.call_finish('t', E'\n**"The  Fox, and Her Coat."**\nIt has five words.', prompt_tokens => 900,
  completion_tokens => 9, total_tokens => 909) ->> 'message_id', null, 'it has no message');
select is(title, 'The Fox, and Her Coat', 'one line without marks is stored') from title;
select results_eq($$ select prompt_tokens, completion_tokens from relay.generations where stream_id = 't' $$,
  $$ values (900, 9) $$, 'its usage stands in its row');
select is(tests.counted('titles_started_total'), 1::double precision, 'it is counted');
select tests.call_begin('owner', 'more', prompt => null, reroll_of => 'second answer');
select is(tests.call_finish('more', 'They met.') ->> 'title_due', null, 'none is due for a story that has one');

rollback to start; -- What its user has named stays.
select tests.call_begin_memory('owner', 't', 'second answer', kind => 'title');
update public.conversations set title = 'Mine';
select tests.call_finish('t', 'Theirs');
select is(title, 'Mine', 'the user wins') from title;

rollback to start; -- A title has a bound, and is a whole text or none.
select tests.call_begin_memory('owner', 't', 'second answer', kind => 'title');
select tests.call_finish('t', repeat('abcdefg ', 100));
select ok(length(title) <= 81 and title ~ 'abcdefg…$', 'it is cut between two words') from title;
rollback to start;
select tests.call_begin_memory('owner', 't', 'second answer', kind => 'title');
select tests.call_finish('t', 'The', status => 'failed', finish_reason => 'error',
  error_code => 'provider_error');
select is(title, '', 'of a failure nothing is left') from title;
select tests.call_begin('owner', 'next', prompt => null, reroll_of => 'second answer');
select isnt(tests.call_finish('next', 'They met.') ->> 'title_due', null, 'and it is due again');
select tests.call_begin_memory('owner', 't2', 'second answer', kind => 'title');
select is(relay.wants_title(tests.key('tale')), false, 'not while one is being written');
select tests.back_date('t2', '1 minute');
select is(tests.call_begin_memory('owner', 't3', 'second answer', kind => 'title') ->> 'outcome', 'admitted',
  'what a dead worker left behind is no obstacle');
select tests.call_finish('t3', ' . ');
select is(tests.call_begin_memory('owner', 't4', 'second answer', kind => 'title'), null, 'it is asked for three times');
select tests.call_begin('owner', 'last', prompt => null, reroll_of => 'second answer');
select is(tests.call_finish('last', 'They met.') ->> 'title_due', null, 'and then no more');

rollback to start;
update public.bots set titles = false;
select is(tests.call_begin_memory('owner', 't', 'second answer', kind => 'title'), null, 'a bot has to want it');

select * from finish(); rollback;

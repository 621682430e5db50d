begin; select plan(8);
select tests.given_tale('owner');
update public.bots set memory = true, context_tokens = 8000;
create temp table before as select tests.the_story() - 'public.memories' as story;
create temp view story as select tests.the_story() - 'public.memories' as story;
select tests.call_begin_memory('owner', 'm', 'first answer');
savepoint start;

-- Writes it, and nothing else.
select tests.given_text('m', 'They ');
create temp table ended as select tests.call_finish('m', E'met.\n', prompt_tokens => 900, completion_tokens => 4,
  total_tokens => 904) as answer;
select is(answer - array['bot_id', 'model'], '{"status": "completed", "is_complete": true, "finish_reason": "stop", "error_code": null,
  "message_id": null}', 'it has no message') from ended;
select results_eq('select message_id, user_id, content from public.memories',
  $$ values (tests.key('first answer'), tests.id('owner'), 'They met.') $$, 'it is a row of memories');
select is(s.story, b.story, 'the story is as it was') from story s, before b;
select results_eq('select prompt_tokens, completion_tokens, status from relay.generations',
  $$ values (900, 4, 'completed') $$, 'its usage stands in its row');
select is_empty('select * from relay.chunks', 'nothing else is left');
select is(tests.all_counted(), '{"memories_started_total": 1, "memories_ended_total{\"outcome\": \"completed\"}": 1,
  "tokens_total{\"kind\": \"prompt\"}": 900, "tokens_total{\"kind\": \"completion\"}": 4}',
  'it is counted for itself, and its tokens with all others');

-- Never over one that is there, and never too long.
rollback to start;
select tests.given_memory('first answer', 'By hand.');
select tests.call_finish('m', 'They met.');
select results_eq('select content from public.memories', $$ values ('By hand.') $$, 'what the user has written stays');
rollback to start;
select tests.call_finish('m', repeat('é', 10000));
select results_eq('select length(content) from public.memories', 'values (3000)',
  'of one that is longer than a quarter of the window, a quarter is kept');

select * from finish(); rollback;

begin;
select plan(4);

select tests.make_user(name) from unnest(array['owner', 'stranger']) as name;
select tests.given_generation('a', 'owner');
select tests.given_text('a', 'Once', ' upon');
select tests.given_generation('b', 'stranger');
select tests.given_text('b', 'Twice');

select tests.sign_in_as_service();
create temp table answers as
select public.relay_read(
  array[tests.id('stranger'), tests.id('owner'), tests.id('stranger'), tests.id('owner'), tests.id('owner')],
  array['b', 'unknown', 'a', 'a', 'a'], array[0, 0, 0, 4, 0]
) as answer;
select is(jsonb_array_length(answer), 5, 'there is one answer for each') from answers;
select is(
  jsonb_path_query_array(answer, '$[*].text'), '["Twice", " upon", "Once upon"]', 'each has what it asked for'
) from answers;
select is(
  jsonb_build_array(answer -> 1, answer -> 2), '[null, null]', 'what is not there leaves a gap in its place'
) from answers;
select is(public.relay_read('{}', '{}', '{}'), '[]', 'nobody is told nothing');

select * from finish();
rollback;
